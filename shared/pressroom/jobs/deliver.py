"""Deliver webhooks: which ones next, one try, and what follows from its answer.

A try is made at least once: who dies between the call and the note of it leaves the delivery to be
taken again when it is due again, with the same id and body.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Protocol

from pressroom.domain.errors import NotThere, SealBroken, Unavailable
from pressroom.domain.job import Output
from pressroom.domain.outgoing import Outgoing, OutgoingError, Reply
from pressroom.domain.signature import headers
from pressroom.domain.webhooks import GONE, Attempt, asks_to_slow_down, next_delay_ms
from pressroom.jobs.webhook_ports import Outcome, Route, Seal, Taken, WebhookStore
from pressroom.telemetry import get_logger

REMOVED = "endpoint_removed"
NO_SECRET = "no_secret"
OUTPUT_GONE = "output_gone"
# How long what was taken is nobody else's: a try's time limit, and room for the note of it.
HIDDEN_MS = 30_000
KEPT_MS = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Shares:
    """How many calls may be under way: in all, of one tenant, on one route."""

    threads: int = 32
    tenant: int = 8
    route: int = 4

    @classmethod
    def of(cls, threads: int) -> "Shares":
        """The shares of so many threads."""
        tenant = max(threads // 4, 1)
        return cls(threads, tenant, min(4, tenant))


def plan(
    routes: Sequence[Route], busy_routes: Mapping[str, int], busy_tenants: Mapping[str, int], shares: Shares
) -> dict[str, int]:
    """How many deliveries to take of each route: round by round, one of each that may have one more.

    A route that has failed of late gets a single one, which tries the way; one that rests, none."""
    on_route = dict(busy_routes)
    of_tenant = dict(busy_tenants)
    free = shares.threads - sum(of_tenant.values())
    wanted: dict[str, int] = {}
    # Who has the fewest under way goes first.
    turn = sorted(
        (route for route in routes if route.due and not route.resting and not route.closed),
        key=lambda route: (of_tenant.get(route.tenant, 0), on_route.get(route.name, 0)),
    )
    while free > 0 and turn:
        still: list[Route] = []
        for route in turn:
            most = 1 if route.tripped else shares.route
            full = of_tenant.get(route.tenant, 0) >= shares.tenant or on_route.get(route.name, 0) >= most
            if full or free <= 0:
                continue
            wanted[route.name] = wanted.get(route.name, 0) + 1
            on_route[route.name] = on_route.get(route.name, 0) + 1
            of_tenant[route.tenant] = of_tenant.get(route.tenant, 0) + 1
            free -= 1
            still.append(route)
        turn = still
    return wanted


class Outputs(Protocol):
    """Finds outputs of jobs, as ``Fetcher`` does."""

    def output(self, tenant: str, job_id: str, n: int) -> Output:
        """Raises NotThere, DatabaseUnavailable."""

    def content(self, output: Output) -> bytes:
        """Raises OutputUnknown, ArtifactsUnavailable."""


class Deliverer:
    """One try of a delivery. Thread-safe."""

    def __init__(
        self,
        store: WebhookStore,
        outgoing: Outgoing,
        seal: Seal,
        outputs: Outputs,
        *,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        self._outputs = outputs
        self._store = store
        self._outgoing = outgoing
        self._seal = seal
        self._seconds = seconds

    def take(self, wanted: Mapping[str, int]) -> tuple[Taken, ...]:
        """Raises DatabaseUnavailable."""
        return self._store.take(wanted, HIDDEN_MS) if wanted else ()

    def routes(self) -> tuple[Route, ...]:
        """Where something waits; what waits for a removed endpoint fails. Raises DatabaseUnavailable."""
        routes = self._store.routes()
        removed = [route.name for route in routes if route.removed]
        if removed:
            self._store.drop(removed, REMOVED)
        return tuple(route for route in routes if not route.removed)

    def forget(self) -> int:
        """Remove what ended long ago; how many rows went. Raises DatabaseUnavailable."""
        return self._store.forget(KEPT_MS)

    def send(self, taken: Taken) -> Outcome:
        """Call once; raises nothing of the outside's."""
        delivery = taken.delivery
        if delivery.output is not None:
            return self._put(taken, delivery.output)
        body = delivery.body.encode()
        began = self._seconds()
        try:
            keys = [
                self._seal.open(secret.sealed, delivery.route)
                for secret in taken.secrets
                if secret.good(round(began * 1000))
            ]
            if not keys:
                # Never unsigned: the receiver could not tell it from anybody's.
                return self._outcome(taken, began, None, NO_SECRET)
            signed = headers(keys, delivery.id, int(began), body)
            reply = self._outgoing.call(
                "POST",
                delivery.url,
                headers={"content-type": "application/json", "user-agent": "Pressroom-Webhooks/1", **signed},
                body=body,
            )
        except OutgoingError as error:
            return self._outcome(taken, began, None, error.code)
        except SealBroken as error:
            get_logger(__name__).error(
                "webhook_secret_unreadable", delivery=delivery.id, reason=error.message
            )
            return self._outcome(taken, began, None, error.code)
        return self._outcome(taken, began, reply, None)

    def _put(self, taken: Taken, n: int) -> Outcome:
        """Put an output where its job says, as it is and unsigned: the address itself is the proof."""
        delivery, began = taken.delivery, self._seconds()
        try:
            output = self._outputs.output(delivery.tenant, delivery.job_id or "", n)
            content = self._outputs.content(output)
            headers_ = {"content-type": output.media_type}
            reply = self._outgoing.call("PUT", delivery.url, headers=headers_, body=content)
        except NotThere:
            gone = self._outcome(taken, began, None, OUTPUT_GONE)
            return replace(gone, retry_in_ms=None)
        except (OutgoingError, Unavailable) as error:
            return self._outcome(taken, began, None, error.code)
        return self._outcome(taken, began, reply, None)

    def settle(self, taken: Taken, outcome: Outcome) -> None:
        """Write down what came of it. Raises DatabaseUnavailable."""
        self._store.settle(taken, outcome)

    def _outcome(self, taken: Taken, began: float, reply: Reply | None, error: str | None) -> Outcome:
        ended = self._seconds()
        status = reply.status if reply is not None else None
        attempt = Attempt(
            at=round(began * 1000), ms=max(0, round((ended - began) * 1000)), status=status, error=error
        )
        if status is not None and 200 <= status < 300:
            return Outcome(attempt, delivered=True)
        if status == GONE:
            return Outcome(attempt, delivered=False, gone=True)
        asked = None
        if reply is not None and asks_to_slow_down(status):
            asked = retry_after_s(reply.headers.get("retry-after"), ended)
        return Outcome(
            attempt,
            delivered=False,
            retry_in_ms=next_delay_ms(taken.delivery.attempts + 1, asked),
            retry_after_s=asked,
        )


def retry_after_s(value: str | None, now: float) -> float | None:
    """A Retry-After header as seconds from ``now`` (seconds since the epoch); None: none that can be read."""
    if value is None or len(value) > 64:
        return None
    if value.isascii() and value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError, TypeError):
        return None
