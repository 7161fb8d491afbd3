"""``MemoryRetentionStore``: the port ``RetentionStore`` in memory."""

import threading
from collections.abc import Mapping

from pressroom.domain.retention import Retention


class MemoryRetentionStore:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Retention] = {}

    def retention(self, tenant: str) -> Retention:
        with self._lock:
            return self._kept.get(tenant, Retention())

    def retentions(self) -> Mapping[str, Retention]:
        with self._lock:
            return dict(sorted(self._kept.items()))

    def keep(self, tenant: str, retention: Retention) -> None:
        with self._lock:
            self._kept[tenant] = retention
