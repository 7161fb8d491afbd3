"""``MemoryCopyStore``: the port ``CopyStore`` in memory."""

import threading
from collections.abc import Mapping
from typing import Any

from pressroom.domain.times import wall_ms
from pressroom.jobs.copy_ports import CopyKind, KeptCopy


class MemoryCopyStore:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str], list[KeptCopy]] = {}

    def keep(self, tenant: str, kind: CopyKind, name: str, body: Mapping[str, Any]) -> KeptCopy:
        with self._lock:
            versions = self._kept.setdefault((tenant, kind, name), [])
            if not versions or versions[-1].body != body:
                versions.append(KeptCopy(kind, name, len(versions) + 1, dict(body), wall_ms()))
            return versions[-1]

    def newest(self, tenant: str, kind: CopyKind) -> tuple[KeptCopy, ...]:
        with self._lock:
            return tuple(
                self._kept[key][-1] for key in sorted(self._kept) if key[0] == tenant and key[1] == kind
            )

    def find(self, tenant: str, kind: CopyKind, name: str, version: int | None = None) -> KeptCopy | None:
        with self._lock:
            versions = self._kept.get((tenant, kind, name), [])
            found = [each for each in versions if version in (None, each.version)]
            return found[-1] if found else None

    def remove(self, tenant: str, kind: CopyKind, name: str) -> bool:
        with self._lock:
            return self._kept.pop((tenant, kind, name), None) is not None
