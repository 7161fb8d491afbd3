"""``MemoryKeyStore``: the port ``KeyStore`` in memory."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from pressroom.adapters.memory.rows import Row
from pressroom.domain.limits import KeyLimits
from pressroom.domain.states import State
from pressroom.domain.times import wall_ms
from pressroom.jobs.ports import ApiKey


class MemoryKeyStore:
    """Keys in one process. Thread-safe."""

    def __init__(self, clock: Callable[[], int] = wall_ms) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[ApiKey, str]] = {}

    def add(self, key: ApiKey, secret_hash: str) -> None:
        with self._lock:
            if key.id in self._keys:
                raise ValueError(f"there is a key {key.id} already")
            self._keys[key.id] = (key, secret_hash)

    def find(self, key_id: str) -> tuple[ApiKey, str] | None:
        with self._lock:
            return self._keys.get(key_id)

    def all(self) -> tuple[ApiKey, ...]:
        with self._lock:
            return tuple(
                sorted((key for key, _ in self._keys.values()), key=lambda key: (key.created_at, key.id))
            )

    def places(self, rows: Iterable[Row]) -> dict[str, int]:
        """How many more of these jobs may run of each key whose concurrency is bounded."""
        places = {key.id: key.limits.concurrency for key in self.all() if key.limits.concurrency is not None}
        for row in rows:
            if row.job.state is State.RUNNING and row.api_key in places:
                places[row.api_key] -= 1
        return places

    def revoke(self, key_id: str) -> bool:
        with self._lock:
            known = self._keys.get(key_id)
            if known is None or known[0].revoked_at is not None:
                return False
            self._keys[key_id] = (replace(known[0], revoked_at=self._clock()), known[1])
            return True

    def limit(self, key_id: str, limits: KeyLimits) -> bool:
        with self._lock:
            known = self._keys.get(key_id)
            if known is None or known[0].revoked_at is not None:
                return False
            self._keys[key_id] = (replace(known[0], limits=limits), known[1])
            return True

    def rotate(self, key: ApiKey, secret_hash: str, old_expires_at: int) -> bool:
        with self._lock:
            old = self._keys.get(key.replaces or "")
            if old is None or old[0].revoked_at is not None:
                return False
            if key.id in self._keys:
                raise ValueError(f"there is a key {key.id} already")
            ends = min(old_expires_at, old[0].expires_at or old_expires_at)
            self._keys[old[0].id] = (replace(old[0], expires_at=ends), old[1])
            self._keys[key.id] = (key, secret_hash)
            return True
