"""Ctrl-C and SIGTERM for a stack: the first stops it in order, the second in a hurry."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self


class Stopping:
    """Calling it says whether to stop. Install it in the main thread."""

    def __init__(self) -> None:
        self._times = 0

    def __call__(self) -> bool:
        return self._times > 0

    @property
    def hurried(self) -> bool:
        """Whether it was asked for again."""
        return self._times > 1

    @contextmanager
    def installed(self) -> Iterator[Self]:
        """Listen to the signals inside the block."""
        before = {number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self._times += 1
