"""What waits besides jobs, for metrics: batches and their rows, deliveries of webhooks, erasures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

KINDS = ("batches", "batch_rows", "deliveries", "erasures")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of a kind are not done yet, and how long the first of them could have been, in seconds: a
    batch since it was made, a delivery or an erasure since it is due. Rows have no age of their own."""

    count: int = 0
    oldest_s: float = 0.0


class WaitingStore(Protocol):
    """Where it is written down what there is to do."""

    def waiting(self) -> Mapping[str, Waiting]:
        """Every one of ``KINDS``. Reads the indexes of what is not done. Raises DatabaseUnavailable."""
