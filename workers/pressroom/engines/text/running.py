"""A generation while it is inside the engine: its outputs as they grow, and what it has used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.base import Delta, Ending, EngineError, Outcome, TextGeneration, TextOutput, Usage
from pressroom.engines.text.chances import spelled
from pressroom.engines.text.detokenizer import Detokenizer, TokenBytes
from pressroom.engines.text.fitting import Fit
from pressroom.engines.text.guiding import Guide
from pressroom.engines.text.healing import Healing
from pressroom.engines.text.lookup import Lookup
from pressroom.engines.text.prefixes import Piece
from pressroom.engines.text.sampler import Sampler
from pressroom.engines.text.stopping import StopWatch


class RunningOutput:
    """One of a generation's ``n`` texts. It owns everything that its next token depends on, while it is parked
    (``kept``) also its keys and values."""

    def __init__(
        self, owner: "RunningGeneration", index: int, spelling: TokenBytes, vocab: int, ends: frozenset[int]
    ) -> None:
        params = owner.request.params
        self.owner = owner
        self.index = index
        guide = owner.guide.fresh() if owner.guide is not None else None
        self.lookup = Lookup(owner.prompt)
        self._healing = owner.healing
        self.sampler = Sampler(params, vocab, owner.prompt, index, ends, guide, owner.healing)
        self.length = len(owner.prompt)
        self.kept: NDArray[Any] | None = None
        self.last_token = -1
        self.tokens = 0
        self.finish_reason = ""
        self._ends = ends
        self._spelling = spelling
        self._most = params.max_tokens
        self._detokenizer = Detokenizer(
            spelling,
            strip_first_space=bool(owner.request.messages),
            skip=len(owner.healing.begun) if owner.healing else 0,
        )
        self._watch = StopWatch(params.stop)
        self._fit = Fit(params.max_chars)
        self._text: list[str] = []
        self._untold_tokens = 0

    def take(self, token: int) -> Delta | None:
        """Append a sampled token; the text that became final. May set ``finish_reason``."""
        if token in self._ends:
            return self.finish("stop")
        self.last_token = token
        self.lookup.add(token)
        if self._healing is not None:  # the prompt's own last token, with what it has become
            self._healing = None
        else:
            self.tokens += 1
            self._untold_tokens += 1
        piece = self._watch.push(self._detokenizer.push(token))
        if self._watch.stopped:
            self.finish_reason = "stop"
        elif self.sampler.complete:
            self.finish_reason = "stop"
            piece += self._watch.flush()
        elif self.tokens >= self._most:
            self.finish_reason = "length"
            piece += self._watch.flush()
        piece = self._fit.push(piece)
        if self._fit.full:
            self.finish_reason = "length"
        elif self.finish_reason:
            piece += self._fit.flush()
        return self._delta(piece)

    @property
    def tokens_left(self) -> int:
        """How many it may have more."""
        return self._most - self.tokens

    def finish(self, reason: str) -> Delta | None:
        """Nothing more comes; the text that was held back. Bytes of half a character are dropped."""
        self.finish_reason = reason
        rest = self._fit.push(self._watch.flush())
        if self._fit.full and reason == "stop":
            self.finish_reason = "length"
        return self._delta(rest + self._fit.flush())

    def result(self) -> TextOutput:
        logprobs = None
        if self.owner.request.params.logprobs is not None:
            # The end of the text is drawn too, and no token of it.
            logprobs = tuple(spelled(each, self._spelling) for each in self.sampler.drawn[: self.tokens])
        return TextOutput(self.index, "".join(self._text), self.tokens, self.finish_reason, logprobs)

    def _delta(self, text: str) -> Delta | None:
        if not text:
            return None
        self._text.append(text)
        tokens, self._untold_tokens = self._untold_tokens, 0
        return Delta(self.owner.request.key, self.index, text, tokens)


@dataclass(eq=False)
class RunningGeneration:
    """``filled`` positions of the prompt are there, ``reused`` of them from a prompt before; it is filled
    from cut to cut, and ``pieces`` lie between them. ``prompt_logits`` (V,) follow it: every output begins
    from a copy of them; ``prompt_kept`` is the state behind it, where a row cannot go back to it by itself."""

    request: TextGeneration
    prompt: list[int]
    guide: Guide | None = None
    healing: Healing | None = None
    arrival: int = 0
    filled: int = 0
    cuts: Sequence[int] = ()
    pieces: list[Piece] = field(default_factory=list)
    reused: int = 0
    prompt_logits: NDArray[np.float32] | None = None
    prompt_kept: NDArray[Any] | None = None
    waiting_outputs: list[int] = field(default_factory=list)
    outputs: list[RunningOutput] = field(default_factory=list)
    engine_seconds: float = 0.0
    first_output: float | None = None

    def __post_init__(self) -> None:
        self.waiting_outputs = list(range(self.request.params.n))

    @property
    def longest(self) -> int:
        """Tokens that an output of it has at most, the prompt among them."""
        return self.tokens_in + self.request.params.max_tokens

    @property
    def tokens_in(self) -> int:
        """Of the prompt, also where its last one is drawn anew."""
        return len(self.prompt) + (self.healing is not None)

    @property
    def done(self) -> bool:
        return not self.waiting_outputs and all(output.finish_reason for output in self.outputs)

    def first_logits(self) -> NDArray[np.float32]:
        """Those of an output that begins, to be changed at will. Raises ``RuntimeError`` before the prompt is whole."""
        logits = self.prompt_logits
        if logits is None:
            raise RuntimeError("an output cannot begin before its prompt is whole")
        if self.waiting_outputs:
            return logits.copy()
        self.prompt_logits = None
        return logits

    def outcome(self, ending: Ending, error: EngineError | None = None) -> Outcome:
        """What came of it; it is over then."""
        usage = Usage(
            tokens_in=self.tokens_in,
            tokens_out=sum(output.tokens for output in self.outputs),
            engine_seconds=self.engine_seconds,
        )
        outcome = Outcome(
            key=self.request.key,
            ending=ending,
            texts=tuple(o.result() for o in sorted(self.outputs, key=lambda o: o.index)),
            usage=usage,
            first_output=self.first_output,
            error=error,
        )
        # Each holds its owner, and what nobody refers to would be kept until a collection of garbage.
        self.outputs.clear()
        return outcome
