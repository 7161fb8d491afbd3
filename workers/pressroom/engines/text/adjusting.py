"""What is done to a row's logits before a token is drawn: bias, penalties, and ends that would come too early.

Each costs as much as there are tokens that it concerns, whatever the vocabulary's size.
"""

from collections.abc import Callable, Mapping, Set

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import TextParams

Logits = NDArray[np.float32]


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
    def ids(self) -> NDArray[np.int64]:
        return self._ids[: len(self._places)]

    @property
    def counts(self) -> NDArray[np.float32]:
        """Of ``ids``."""
        return self._counts[: len(self._places)]


class Adjuster:
    """What one output's parameters do to its logits, in place: bias first, then penalties, then ends."""

    def __init__(self, params: TextParams, vocab: int, prompt: list[int], ends: Set[int]) -> None:
        self._params = params
        self._bias = _biases(params.logit_bias, vocab)
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

    def adjust(self, logits: Logits) -> None:
        params = self._params
        if self._bias is not None:
            ids, values = self._bias
            logits[ids] += values
        if len(self._seen.ids):
            repeated(logits, self._seen.ids, params.repetition_penalty)
        if len(self._output.ids):
            # OpenAI's two: once for a token that is there, and once for each time that it is.
            taken = params.presence_penalty + self._output.counts * np.float32(params.frequency_penalty)
            logits[self._output.ids] -= taken
        if self._tokens < params.min_tokens and len(self._ends):
            logits[self._ends] = -np.inf


def repeated(logits: Logits, ids: NDArray[np.int64], penalty: float) -> None:
    """Make seen tokens less likely, in place. Keskar et al. 2019 (CTRL), section 4.1."""
    values = logits[ids]
    logits[ids] = np.where(values > 0, values / np.float32(penalty), values * np.float32(penalty))


def _biases(bias: Mapping[str, float], vocab: int) -> tuple[NDArray[np.int64], Logits] | None:
    known = {int(token): value for token, value in bias.items() if int(token) < vocab}
    if not known:
        return None
    return np.array(list(known), np.int64), np.array(list(known.values()), np.float32)
