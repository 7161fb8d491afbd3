"""The policies of tenants, as the front reads them at each submit and operators set them."""

import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol

from pressroom.domain.retention import Retention

# A change is in force everywhere within this time.
_TRUST_S = 5.0
_REMEMBERED = 10_000


class RetentionStore(Protocol):
    """Where policies are kept."""

    def retention(self, tenant: str) -> Retention:
        """Of a tenant that nobody knows: as for everybody. Raises DatabaseUnavailable."""

    def retentions(self) -> Mapping[str, Retention]:
        """Of all tenants, by name. Raises DatabaseUnavailable."""

    def keep(self, tenant: str, retention: Retention) -> None:
        """Set it; also makes the tenant when it is new. Raises DatabaseUnavailable."""


class Policies:
    """Policies, remembered for some seconds. Thread-safe."""

    def __init__(self, store: RetentionStore, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Retention]] = {}

    def of(self, tenant: str) -> Retention:
        """Raises DatabaseUnavailable."""
        now = self._clock()
        with self._lock:
            read_at, known = self._known.get(tenant, (float("-inf"), Retention()))
        if now - read_at < _TRUST_S:
            return known
        read = self._store.retention(tenant)
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[tenant] = (now, read)
        return read
