"""Long work on a table in short transactions: so many rows at a time that nobody waits for long."""

from collections.abc import Callable
from time import monotonic

# What a transaction should take: others may wait for it, on SQLite all that write.
_GOOD_S = 0.015
_LEAST, _MOST = 10, 200


class Pages:
    """Does ``step`` again and again, page by page. The page shrinks where one took long, and grows back."""

    def __init__(
        self,
        step: Callable[[int], int],
        *,
        size: int = 100,
        spell_s: float = 0.5,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """``step`` is given how many rows to move at most, and says how many it has; ``spell_s`` is how
        long one call of ``turn`` may go on."""
        self._step = step
        self._size = size
        self._spell_s = spell_s
        self._clock = clock

    @property
    def size(self) -> int:
        """How many rows the next page has."""
        return self._size

    def turn(self) -> tuple[int, bool]:
        """How many rows were moved, and whether there may be more. Raises what ``step`` raises."""
        total, until = 0, self._clock() + self._spell_s
        while True:
            asked, began = self._size, self._clock()
            moved = self._step(asked)
            now = self._clock()
            total += moved
            self._learn(now - began, full=moved >= asked)
            if moved < asked:
                return total, False
            if now >= until:
                return total, True

    def _learn(self, took_s: float, *, full: bool) -> None:
        if took_s > _GOOD_S:
            self._size = max(_LEAST, int(self._size * _GOOD_S / took_s))
        elif full:
            # By half at most: a larger page may meet what a smaller one did not.
            self._size = min(_MOST, self._size + self._size // 2)
