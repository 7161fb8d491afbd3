"""What is to be done to an output's logits before a token is drawn: bias, penalties, and ends that would come too early.

Each costs as much as there are tokens that it concerns, whatever the vocabulary's size. Who draws does it (see
``drawing``).
"""

from collections.abc import Callable, Mapping, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import TextParams

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
_NO_IDS = np.empty(0, np.int64)
_NO_FLOATS = np.empty(0, np.float32)


class Adjustment(NamedTuple):
    """By what logits are changed, in this order: ``bias`` is added to those of ``bias_ids``; ``repetition`` divides
    what is above zero of ``seen_ids`` and multiplies what is below (Keskar et al. 2019, CTRL, section 4.1);
    ``presence``, and ``frequency`` for each of the ``times``, are taken from ``said_ids`` (OpenAI's two);
    ``barred_ids`` cannot come. All ids are of the vocabulary, and each is there once."""

    bias_ids: Ids = _NO_IDS
    bias: Floats = _NO_FLOATS
    seen_ids: Ids = _NO_IDS
    repetition: float = 1.0
    said_ids: Ids = _NO_IDS
    times: Floats = _NO_FLOATS
    presence: float = 0.0
    frequency: float = 0.0
    barred_ids: Ids = _NO_IDS


class TokenCounts:
    """Which tokens were seen, in order of first sight, and how often."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._ids = np.empty(64, np.int64)
        self._counts = np.empty(64, np.float32)

    def add(self, token: int) -> None:
        place = self._places.get(token)
        if place is not None:
            self._counts[place] += 1
            return
        place = self._places[token] = len(self._places)
        if place == len(self._ids):
            self._ids = np.concatenate([self._ids, np.empty_like(self._ids)])
            self._counts = np.concatenate([self._counts, np.empty_like(self._counts)])
        self._ids[place] = token
        self._counts[place] = 1

    @property
    def ids(self) -> Ids:
        return self._ids[: len(self._places)]

    @property
    def counts(self) -> Floats:
        """Of ``ids``."""
        return self._counts[: len(self._places)]


class Adjuster:
    """What one output's parameters do to its logits, as its text grows."""

    def __init__(self, params: TextParams, vocab: int, prompt: list[int], ends: Set[int]) -> None:
        self._params = params
        self._bias_ids, self._bias = _biases(params.logit_bias, vocab)
        self._ends = np.array(sorted(ends), np.int64)
        self._tokens = 0
        self._seen = TokenCounts()  # in prompt and output
        self._output = TokenCounts()
        self._watchers: list[Callable[[int], None]] = []
        if params.repetition_penalty != 1:
            self._watchers.append(self._seen.add)
            for token in prompt:
                self._seen.add(token)
        if params.presence_penalty or params.frequency_penalty:
            self._watchers.append(self._output.add)

    def said(self, token: int) -> None:
        """The output has this token now."""
        self._tokens += 1
        for watch in self._watchers:
            watch(token)

    def next(self) -> Adjustment:
        """For the next token; good until ``said``."""
        params = self._params
        return Adjustment(
            self._bias_ids,
            self._bias,
            self._seen.ids,
            params.repetition_penalty,
            self._output.ids,
            self._output.counts,
            params.presence_penalty,
            params.frequency_penalty,
            self._ends if self._tokens < params.min_tokens else _NO_IDS,
        )


def _biases(bias: Mapping[str, float], vocab: int) -> tuple[Ids, Floats]:
    known = {int(token): value for token, value in bias.items() if int(token) < vocab}
    return np.array(list(known), np.int64), np.array(list(known.values()), np.float32)
