"""What an engine does when its device has no memory left: it knows the error, and works with less at a time.

out of memory ──> half as many at a time, never below one ──(a while goes well)──> one more, and so on
"""

import time
from collections.abc import Callable

GROW_S = 10.0
_SLOWEST_S = 600.0

# onnxruntime and CUDA have no class of error for it: their words must do.
_WORDS = (
    "bad allocation",
    "bad_alloc",
    "failed to allocate memory",
    "is smaller than requested bytes",
    "out of memory",
    "alloc_failed",
    "error_out_of_memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this error of numpy, onnxruntime, CUDA or cuBLAS says that memory ran out."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(words in said for words in _WORDS)


class Breadth:
    """How many an engine serves at a time: ``now``, of ``most``. For one thread; others may read ``now``.

    After ``grow_s`` it dares one more; each lack of memory doubles that time, up to ten minutes, until
    all is well again: an engine at its limit must not find that out over and over."""

    def __init__(
        self, most: int, *, grow_s: float = GROW_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._first_s = self._wait_s = grow_s
        self._clock = clock
        self._changed_at = 0.0
        self.now = most

    def narrow(self, served: int) -> None:
        """Memory did not do for ``served`` at a time."""
        self.now = max(1, min(self.now, served) // 2)
        self._changed_at = self._clock()
        self._wait_s = min(2 * self._wait_s, _SLOWEST_S)

    def went_well(self) -> None:
        """Something was served."""
        if self.now == self._most or self._clock() - self._changed_at < self._wait_s:
            return
        self.now += 1
        self._changed_at = self._clock()
        if self.now == self._most:
            self._wait_s = self._first_s
