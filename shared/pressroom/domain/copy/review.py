"""What is known of a text that was written by a template: its place among the candidates, and what has to be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Review:
    """``rank`` 1 is the best. ``findings``: sentences for people; with any, a person has to look."""

    rank: int
    score: float
    likeness: float
    findings: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        return bool(self.findings)

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rank": self.rank,
            "score": self.score,
            "likeness": self.likeness,
            "findings": list(self.findings),
        }

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Review":
        """What ``as_row`` gave."""
        return cls(row["rank"], row["score"], row["likeness"], tuple(row["findings"]))
