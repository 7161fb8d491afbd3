"""Logits to the next token of each of some outputs, repeatable.

    adjusting, guiding, healing: what may come ─> drawing, all rows at once ─> what each remembers of its token

What one output says depends on its own parameters and logits alone, not on which others are drawn beside it.

A guided token is drawn freely first, and kept where the guide allows it, as it mostly does; else it is drawn again from
what is allowed, with another number. So a token's chance is its share among those allowed: p(token), and of what was not
allowed p(token) / p(allowed) more. A mask of the whole vocabulary is seldom needed, and it costs more than all the rest.
"""

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import TextParams
from pressroom.engines.base import GenerationFailed
from pressroom.engines.text.adjusting import Adjuster
from pressroom.engines.text.drawing import Draw, Drawer, Drawn, Way
from pressroom.engines.text.guiding import Guide
from pressroom.engines.text.healing import Healing

# Where the numbers of a second draw begin: no output has as many positions.
_AGAIN = 1 << 62


class NotANumber(GenerationFailed):
    """The model gave logits from which no token can be drawn."""

    def __init__(self) -> None:
        super().__init__(
            "The model failed on this request: its output is not a number. Try again or use another model."
        )


class Sampler:
    """Chooses the tokens of one output. ``seed`` and ``output`` key its randomness; ``ends`` are the
    model's own ends of a text. ``drawn``: its tokens, where the request asks how likely they were."""

    def __init__(
        self,
        params: TextParams,
        vocab: int,
        prompt: list[int],
        output: int,
        ends: Set[int] = frozenset(),
        guide: Guide | None = None,
        healing: Healing | None = None,
    ) -> None:
        self._told = params.logprobs
        self._way = Way(
            params.temperature, params.top_k, params.top_p, params.min_p, params.seed or 0, output
        )
        self._position = 0
        self._adjuster = Adjuster(params, vocab, prompt, ends)
        self._guide = guide
        self._healing = healing
        self.drawn: list[Drawn] = []

    @property
    def complete(self) -> bool:
        """The guide is at its end."""
        return self._guide is not None and self._guide.complete

    def next(self, logits: NDArray[np.float32]) -> Draw:
        """The next draw, from logits (V,), which it changes. Raises ``GuideRefused`` where a guide cannot go on.
        Where the prompt is healed, the first is its last token, drawn anew."""
        position, self._position = self._position, self._position + 1
        if self._healing is not None:
            return Draw(self._way, position, logits, allowed=self._healing.allowed)
        # What is told is what the logits were at first: such a draw cannot be made twice.
        allowed = None if self._guide is None or self._told is None else self._guide.allowed()
        return Draw(self._way, position, logits, self._adjuster.next(), allowed, self._told)

    def again(self, draw: Draw, token: int) -> Draw | None:
        """The draw that takes the place of ``draw``, where its token may not come; None where it may. Raises
        ``GuideRefused``."""
        if self._healing is not None or self._guide is None or self._guide.allows(token):
            return None
        return Draw(draw.way, draw.position + _AGAIN, draw.logits, allowed=self._guide.allowed())

    def said(self, drawn: Drawn) -> None:
        """What came of it. Raises ``GuideRefused``."""
        if self._healing is not None:
            self._healing = None
            return
        self._adjuster.said(drawn.token)
        if self._guide is not None:
            self._guide.said(drawn.token)
        if self._told is not None:
            self.drawn.append(drawn)


def choose(
    drawer: Drawer, rows: Sequence[tuple[Sampler, NDArray[np.float32]]]
) -> list[int | GenerationFailed]:
    """The next token of each, from its logits (V,), which are changed in place; or why there is none."""
    chosen: list[int | GenerationFailed | None] = [None] * len(rows)
    draws: dict[int, Draw] = {}
    for place, (sampler, logits) in enumerate(rows):
        try:
            draws[place] = sampler.next(logits)
        except GenerationFailed as failure:
            chosen[place] = failure
    while draws:
        again: dict[int, Draw] = {}
        for (place, draw), drawn in zip(draws.items(), drawer.draw(list(draws.values())), strict=True):
            if drawn is None:
                continue
            sampler = rows[place][0]
            try:
                if (other := sampler.again(draw, drawn.token)) is not None:
                    again[place] = other
                    continue
                sampler.said(drawn)
                chosen[place] = drawn.token
            except GenerationFailed as failure:
                chosen[place] = failure
        draws = again
    return [NotANumber() if each is None else each for each in chosen]
