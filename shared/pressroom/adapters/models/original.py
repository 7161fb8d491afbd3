"""What a model's published weights say: the numbers that its built graph is held against."""

import numpy as np

from pressroom.adapters.models.calibration import TEXT
from pressroom.adapters.models.weights import Source
from pressroom.catalog.parity import Likely

_TOKENS, _PLACES, _LIKELIEST = 64, 24, 16


def places(model: Source) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Tokens of a text, and after which of them to look. Raises ``UnsupportedModel``."""
    tokens = tuple(model.tokenizer().tokenizer.encode(TEXT, add_special_tokens=False).ids)
    tokens = tokens[: min(_TOKENS, model.context)]
    first = max(0, len(tokens) - _PLACES)
    return tokens, tuple(range(first, len(tokens)))


def likeliest(model: Source, tokens: tuple[int, ...], after: tuple[int, ...]) -> tuple[Likely, ...]:
    """What the weights in float32 expect behind each place."""
    logits = model.logits(tokens)[list(after)].astype(np.float64)
    logprobs = logits - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True))
    logprobs -= logits.max(-1, keepdims=True)
    top = np.argsort(-logprobs, axis=-1)[:, :_LIKELIEST]
    return tuple(
        Likely(tokens=tuple(ids.tolist()), logprobs=tuple(row[ids].round(6).tolist()))
        for row, ids in zip(logprobs, top, strict=True)
    )
