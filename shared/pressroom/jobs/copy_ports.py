"""Where templates and voices are kept: by tenant, kind and name, each version for good until the name is removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

CopyKind = Literal["template", "voice"]

MOST_NAMES = 500
"""Of a kind, a tenant."""


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """A version. ``body`` is what was put there; ``created_at`` in milliseconds by the database's clock, None of a shipped one."""

    kind: CopyKind
    name: str
    version: int
    body: Mapping[str, Any]
    created_at: int | None = None


class CopyStore(Protocol):
    """Any method may raise DatabaseUnavailable."""

    def keep(self, tenant: str, kind: CopyKind, name: str, body: Mapping[str, Any]) -> KeptCopy:
        """A new version, or the newest one where it says the same. Also makes the tenant when it is new."""

    def newest(self, tenant: str, kind: CopyKind) -> tuple[KeptCopy, ...]:
        """The newest version of each, by name."""

    def find(self, tenant: str, kind: CopyKind, name: str, version: int | None = None) -> KeptCopy | None:
        """A version, or the newest one; None where there is none."""

    def remove(self, tenant: str, kind: CopyKind, name: str) -> bool:
        """All versions; whether there was one."""
