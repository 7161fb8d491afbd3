"""Guided decoding: for each token, which ones the guide allows.

    guide ─(once)─> matcher ─(a copy for each output)─> what is allowed ─> drawing ─> token ─> matcher

The masks come from llguidance: a parser over the bytes of the whole vocabulary, so that a token is allowed
exactly if some text of the guide goes on with it. What has been said can always be brought to an end. A mask is asked
for only where a token that was drawn freely is not allowed (see ``sampler``).
"""

from collections import OrderedDict
from collections.abc import Set
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.guide import GuideInvalid, grammar, limits_of
from pressroom.contract.guide import AnyGuide
from pressroom.engines.base import GenerationFailed

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLParserLimits, LLTokenizer
    from tokenizers import Tokenizer

_KEPT = 64


class GuideRefused(GenerationFailed):
    """The guide cannot be followed, or has become too costly on the way."""

    code = "guide_refused"
    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__(f"params.guide cannot be followed: {reason}. Simplify it.")


class Guide:
    """Follows one output. Ends of the model (see ``Guides``) are allowed where the guide is satisfied."""

    def __init__(self, matcher: "LLMatcher", vocab: int) -> None:
        self._matcher = matcher
        self._vocab = vocab
        self._bits = np.zeros((vocab + 31) // 32, np.uint32)

    def allows(self, token: int) -> bool:
        """It may come next: a microsecond, where ``allowed`` takes one or two thousand. Raises GuideRefused."""
        allowed = self._matcher.validate_tokens([token]) == 1
        self._check()
        return allowed

    def allowed(self) -> NDArray[np.uint32]:
        """What may come next, a bit for each token (see ``drawing``). Raises GuideRefused."""
        self._matcher.unsafe_compute_mask_ptr(self._bits.ctypes.data, self._bits.nbytes)
        self._check()
        return self._bits

    def said(self, token: int) -> None:
        """The output goes on with ``token``. Raises GuideRefused."""
        self._matcher.consume_token(token)
        self._check()

    @property
    def complete(self) -> bool:
        """Nothing can be said any more."""
        return self._matcher.is_stopped()

    def fresh(self) -> "Guide":
        """The same guide for another output, as far as this one is."""
        return Guide(self._matcher.deep_copy(), self._vocab)

    def _check(self) -> None:
        if self._matcher.is_error():
            raise GuideRefused(self._matcher.get_error().splitlines()[0])


class Guides:
    """Makes guides for one model's tokens. ``vocab`` is the width of its logits, ``ends`` its end tokens."""

    def __init__(self, tokenizer: "Tokenizer", vocab: int, ends: Set[int]) -> None:
        self._tokenizer = tokenizer
        self._vocab = vocab
        self._ends = sorted(ends)
        self._tokens: LLTokenizer | None = None
        self._kept: OrderedDict[str, Guide] = OrderedDict()

    def guide(self, wanted: AnyGuide) -> Guide:
        """At its beginning. Raises GuideRefused."""
        try:
            text = grammar(wanted)
        except GuideInvalid as error:
            raise GuideRefused(str(error)) from None
        kept = self._kept.get(text)
        if kept is None:
            kept = self._kept[text] = self._made(text, limits_of(wanted))
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(text)
        return kept.fresh()

    def _made(self, text: str, limits: "LLParserLimits") -> Guide:
        from llguidance import LLMatcher, LLTokenizer

        if self._tokens is None:
            # Most of a second, for the first guide of a worker's life: a trie of the vocabulary.
            self._tokens = LLTokenizer(self._tokenizer.to_str(), n_vocab=self._vocab, eos_token=self._ends)
        guide = Guide(LLMatcher(self._tokens, text, limits=limits, log_level=0), self._vocab)
        guide._check()
        return guide
