"""Webhooks: what is told of a job's end, or a batch's, to whom, and when it is tried again.

An endpoint is a URL of a tenant that is told of events. A delivery is one message to one URL; its id
and its body never change, so that a receiver knows a repetition by its id. The form of messages is
that of Standard Webhooks (github.com/standard-webhooks, spec 1.0).
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pressroom.domain.messages import Form
from pressroom.domain.states import State


class Event(StrEnum):
    """What a message is about."""

    SUCCEEDED = "job.succeeded"
    FAILED = "job.failed"
    CANCELED = "job.canceled"
    EXPIRED = "job.expired"
    BATCH_FINISHED = "batch.finished"
    BATCH_CANCELED = "batch.canceled"
    TEST = "webhook.test"
    PUT = "output.put"


JOB_EVENTS = (Event.SUCCEEDED, Event.FAILED, Event.CANCELED, Event.EXPIRED)


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A signing secret, encrypted. ``until`` (milliseconds) is when it signs no more; None: the newest."""

    sealed: str
    created_at: int
    until: int | None = None

    def good(self, now: int) -> bool:
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that a tenant wants to be called at. ``events`` None is every event;
    ``form`` is in whose words it is told.

    ``failures`` and ``rests_until`` are its circuit breaker: after several failures in a row nothing
    is sent until that time, and then one delivery tries whether it answers again."""

    id: str
    tenant: str
    url: str
    description: str
    events: tuple[str, ...] | None
    secrets: tuple[SealedSecret, ...]
    active: bool
    created_at: int
    changed_at: int
    disabled_reason: str | None = None
    failures: int = 0
    rests_until: int | None = None
    form: Form = Form.JOB

    def wants(self, event: str) -> bool:
        return self.active and (self.events is None or event in self.events)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery: when, how long it took, what was answered, or a code of what went wrong."""

    at: int
    ms: int
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one URL. ``endpoint_id`` is None where the job named the URL itself. ``output``: instead of a
    message, this output of the job is put there.

    ``route`` is what shares a way out: the endpoint, or all URLs that a tenant's jobs named.
    ``attempts`` counts the tries since it was made or replayed; ``log`` has all, where it was asked for."""

    id: str
    tenant: str
    endpoint_id: str | None
    url: str
    job_id: str | None
    event: str
    body: str
    created_at: int
    due_at: int
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    finished_at: int | None = None
    last_status: int | None = None
    last_error: str | None = None
    log: tuple[Attempt, ...] = ()
    output: int | None = None

    @property
    def route(self) -> str:
        return self.endpoint_id or own_route(self.tenant)


def own_route(tenant: str) -> str:
    """The route of the URLs that a tenant's jobs name."""
    return f"jobs:{tenant}"


def event_of(state: State) -> Event:
    """The event of a terminal state."""
    return Event(f"job.{state.value}")


@dataclass(frozen=True, slots=True)
class OwnTarget:
    """A URL that a job named for itself, the words that it is told in, and what links in them begin with."""

    url: str
    form: Form = Form.JOB
    base_url: str = ""


def wanted_by(webhook: Mapping[str, Any] | None, event: str) -> OwnTarget | None:
    """Where a job wants to be told of this event, if anywhere."""
    if webhook is None or webhook.get("url") is None:
        return None
    events: Iterable[str] | None = webhook.get("events")
    if events is not None and event not in events:
        return None
    return OwnTarget(
        str(webhook["url"]), Form(webhook.get("form") or Form.JOB), webhook.get("base_url") or ""
    )


def puts_of(webhook: Mapping[str, Any] | None, state: State, outputs: Iterable[int]) -> list[tuple[int, str]]:
    """Which outputs of a job that ends so are put where."""
    urls = webhook.get("puts") if webhook is not None and state is State.SUCCEEDED else None
    return [(n, str(urls[n])) for n in sorted(outputs) if n < len(urls)] if urls else []


_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000

# Between tries, as Standard Webhooks suggests: ten tries in a little over three days.
DELAYS_MS = (
    5 * _SECOND,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
_JITTER = 0.1
_LONGEST_ASKED_MS = 24 * _HOUR
# For this long at most an endpoint rests, or is held up by a Retry-After.
LONGEST_REST_MS = 10 * _MINUTE
GONE = 410
_SLOW_DOWN = frozenset({429, 503})

# The circuit breaker: after so many failures in a row it rests, each time longer.
OPENS_AFTER = 5
_RESTS_MS = (5 * _SECOND, LONGEST_REST_MS)


def next_delay_ms(
    attempts: int, retry_after_s: float | None = None, chance: Callable[[], float] = random.random
) -> int | None:
    """How long to wait after so many failed tries; None: that was the last one.

    A receiver's Retry-After (seconds) can make it longer, up to a day, never shorter: tries are few."""
    if attempts > len(DELAYS_MS):
        return None
    delay = DELAYS_MS[attempts - 1] * (1 + _JITTER * (2 * chance() - 1))
    asked = min((retry_after_s or 0) * 1000, _LONGEST_ASKED_MS)
    return round(max(delay, asked))


def asks_to_slow_down(status: int | None) -> bool:
    """Whether a Retry-After of this answer is heeded."""
    return status in _SLOW_DOWN


def rest_ms(failures: int, retry_after_s: float | None = None) -> int | None:
    """How long an endpoint rests after so many failures in a row; None: it does not."""
    asked = min((retry_after_s or 0) * 1000, LONGEST_REST_MS)
    shortest, longest = _RESTS_MS
    tripped = min(shortest * 2 ** min(failures - OPENS_AFTER, 16), longest) if failures >= OPENS_AFTER else 0
    return round(max(asked, tripped)) or None


def after_try(
    endpoint: Endpoint, now: int, *, delivered: bool, gone: bool, retry_after_s: float | None
) -> Endpoint:
    """The endpoint with what a try has shown of it. While it rests, late failures count no more."""
    if delivered:
        return replace(endpoint, failures=0, rests_until=None)
    if gone:
        return replace(endpoint, active=False, disabled_reason="gone")
    if endpoint.rests_until is not None and now < endpoint.rests_until:
        return endpoint
    failures = endpoint.failures + 1
    rest = rest_ms(failures, retry_after_s)
    return replace(endpoint, failures=failures, rests_until=now + rest if rest is not None else None)


def rotated(
    secrets: Sequence[SealedSecret], new: SealedSecret, old_until: int, now: int
) -> tuple[SealedSecret, ...]:
    """``new`` before those that still sign, which end at ``old_until`` at the latest."""
    old = (
        replace(secret, until=old_until if secret.until is None else min(secret.until, old_until))
        for secret in secrets
        if secret.good(now)
    )
    return (new, *old)
