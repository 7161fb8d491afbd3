"""``Turnstile``: how many requests a key may make within a minute."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether a request may pass, how many more could now, and after how many seconds one more can."""

    passed: bool
    left: int
    wait_s: float


class Turnstile(Protocol):
    """Counts requests, for all fronts together where they can talk to one another."""

    def go(self, key_id: str, most: int) -> Passage:
        """One more request of a key that may make ``most`` within any minute. Raises nothing."""
