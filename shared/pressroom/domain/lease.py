"""How long a worker may be silent before its jobs are given to another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """``lease_ms`` runs from the claim or the last renewal; a heartbeat comes four times as often."""

    lease_ms: int = 60_000

    @property
    def heartbeat_ms(self) -> int:
        return self.lease_ms // 4
