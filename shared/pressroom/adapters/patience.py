"""When the reaper holds back.

After the database was away, or the machine slept, every lease may have run out although its worker
lives: nobody could renew. So when the time since the last sweep that worked is suspiciously long,
leases are left alone for one lease, as they are when the clock that tells them was set. The first
sweep of a process holds nothing back.
"""

import threading
from collections.abc import Callable


class Patience:
    """Decides whether leases may be reaped now. Thread-safe.

    ``lease_ms`` is the length of a lease, ``sweep_ms`` the usual time between two sweeps, and
    ``seconds`` a clock that also counts while the machine sleeps."""

    def __init__(self, lease_ms: int, sweep_ms: int, seconds: Callable[[], float]) -> None:
        self._hold_s = lease_ms / 1000
        self._gap_s = max(lease_ms / 2, 3 * sweep_ms) / 1000
        self._seconds = seconds
        self._lock = threading.Lock()
        self._swept_at: float | None = None
        self._hold_until = float("-inf")

    def reaps_leases(self) -> bool:
        """Ask before a sweep."""
        now = self._seconds()
        with self._lock:
            if self._swept_at is not None and now - self._swept_at > self._gap_s:
                self._hold_until = now + self._hold_s
                self._swept_at = now
            return now >= self._hold_until

    def hold(self) -> None:
        """Leases may look as if they had run out: leave them alone for one lease."""
        with self._lock:
            self._hold_until = self._seconds() + self._hold_s

    def swept(self) -> None:
        """Tell after a sweep that reached the database."""
        with self._lock:
            self._swept_at = self._seconds()
