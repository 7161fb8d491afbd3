"""An LSTM's session with the state of each slot: hidden and cell of its layers, whatever the row's length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.text_spec import TextSpec
from pressroom.engines.sessions import Session


class RecurrentDecoder:
    """Implements ``State``. It only goes forward: what a row was is lost when it reads on, unless it was kept."""

    def __init__(self, session: Session, spec: TextSpec, slots: int) -> None:
        self._session = session
        self._states = np.zeros((2, spec.layers, slots, spec.head_size), np.float32)  # hidden, cell

    @property
    def can_look_ahead(self) -> bool:
        return False

    @property
    def can_keep(self) -> bool:
        return True

    @property
    def can_go_back(self) -> bool:
        return False

    def prefill(self, slot: int, tokens: Sequence[int], start: int) -> NDArray[np.float32]:
        rows = slice(slot, slot + 1)
        if start == 0:
            self._states[:, :, rows] = 0
        last = np.full((1, 1), len(tokens) - 1, np.int64)
        logits: NDArray[np.float32] = self._run(rows, np.array([tokens], np.int64), last)[0, 0]
        return logits

    def decode(self, tokens: NDArray[np.int64], lengths: NDArray[np.int32]) -> NDArray[np.float32]:
        return self._run(slice(0, len(tokens)), tokens, np.zeros((len(tokens), 1), np.int64))

    def copy(self, source: int, target: int, tokens: int) -> None:
        self._states[:, :, target] = self._states[:, :, source]

    def release(self, slot: int) -> None:
        """A state is small, and its memory stays."""

    def read(self, slot: int, start: int, end: int) -> NDArray[Any]:
        """A copy of hidden and cell, (2, layers, H)."""
        return self._states[:, :, slot].copy()

    def write(self, slot: int, start: int, values: NDArray[Any]) -> None:
        self._states[:, :, slot] = values

    def close(self) -> None:
        """Let go of the session."""
        del self._session

    def _run(
        self, rows: slice, tokens: NDArray[np.int64], positions: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Logits (B, G, V); the states have moved on when it returns."""
        hidden, cell = self._states[:, :, rows]
        feeds = {"tokens": tokens, "positions": positions, "hidden": hidden, "cell": cell}
        logits, *after = self._session.run({name: np.ascontiguousarray(each) for name, each in feeds.items()})
        self._states[:, :, rows] = np.stack(after)
        return logits
