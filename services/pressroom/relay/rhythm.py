"""Now and then: a duty that is not done with every sweep."""

from collections.abc import Callable


class Rhythm:
    """``due`` every ``seconds``; a duty that failed is due again at once, since it was not ``done``."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._done_at = float("-inf")

    @property
    def due(self) -> bool:
        return self._clock() - self._done_at >= self._seconds

    def done(self, *, more: bool = False) -> None:
        """Rest until it is due; not where there is ``more`` to do."""
        self._done_at = float("-inf") if more else self._clock()
