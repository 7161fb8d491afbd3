"""When a call is tried again, and after which pause.

Every call of the client may be repeated safely: reads by nature, a cancel and an erase because
they are idempotent, a submit because it carries an Idempotency-Key that stays the same over all
tries. What is repeated: calls without an answer, and answers that say "later" (429, 502, 503, 504).
"""

import email.utils
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pressroom.client.errors import ApiProblem, ClientError, ServerUnreachable

LATER = frozenset({429, 502, 503, 504})


def worth_repeating(error: ClientError) -> bool:
    """Whether the same call may well succeed a little later."""
    if isinstance(error, ApiProblem):
        return error.status in LATER
    return isinstance(error, ServerUnreachable)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most ``tries`` tries, and no pause that ends later than ``budget_s`` after the first one.

    Pauses are drawn evenly from 0 to ``first_s`` doubled each time, up to ``last_s`` (full jitter:
    M. Brooker, "Exponential Backoff and Jitter", 2015), and are never shorter than the server's
    Retry-After.
    """

    tries: int = 6
    budget_s: float = 60.0
    first_s: float = 0.2
    last_s: float = 10.0


@dataclass(slots=True)
class Pauses:
    """The pauses of one call. ``clock`` and ``draw`` (0 to 1) are given by tests."""

    policy: RetryPolicy
    clock: Callable[[], float]
    draw: Callable[[], float] = random.random
    _started: float = 0.0
    _done: int = 1

    def __post_init__(self) -> None:
        self._started = self.clock()

    def next(self, retry_after_s: float | None = None) -> float | None:
        """Seconds to wait before another try; None: give up now."""
        if self._done >= self.policy.tries:
            return None
        ceiling = min(self.policy.first_s * 2.0 ** (self._done - 1), self.policy.last_s)
        pause = ceiling * self.draw()
        if retry_after_s is not None:
            # The jitter on top keeps all who were refused together from coming back together.
            pause += retry_after_s
        if self.clock() - self._started + pause > self.policy.budget_s:
            return None
        self._done += 1
        return pause

    def reset(self) -> None:
        """Something went well: the next trouble is a new one."""
        self._done = 1
        self._started = self.clock()


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header: a number, or a date (RFC 9110, section 10.2.3). None: neither."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
