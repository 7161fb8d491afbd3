"""``MemoryWebhookStore``: the port ``WebhookStore`` in memory, and the outbox of the memory job store."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.refusals import delivery_unknown, endpoint_unknown, too_many_endpoints
from pressroom.domain.ids import new_id
from pressroom.domain.job import Job
from pressroom.domain.messages import Ended, EndedBatch, batch_message, job_message
from pressroom.domain.times import wall_ms
from pressroom.domain.webhooks import (
    Delivery,
    DeliveryState,
    Endpoint,
    Event,
    SealedSecret,
    after_try,
    event_of,
    puts_of,
    rotated,
    wanted_by,
)
from pressroom.jobs.webhook_ports import DeliveryPage, Outcome, Route, Taken


class MemoryWebhookStore:
    """Endpoints and deliveries in one process. Thread-safe. ``clock`` gives milliseconds since the epoch."""

    def __init__(self, clock: Callable[[], int] = wall_ms) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._endpoints: dict[str, Endpoint] = {}
        self._removed: dict[str, Endpoint] = {}
        self._own: dict[str, tuple[SealedSecret, ...]] = {}
        self._deliveries: dict[str, Delivery] = {}

    def now(self) -> int:
        return self._clock()

    # -- the job store -----------------------------------------------------------------------
    def tell(self, job: Job, webhook: Mapping[str, Any] | None) -> None:
        """A job has just ended."""
        event = event_of(job.state)
        now = self._clock()
        ended = Ended(
            job.id,
            job.state,
            now,
            job.model.name,
            job.model.sha256,
            job.created_at,
            job.finish_reason,
            job.error_code,
            job.error_message,
        )
        with self._lock:
            targets: list[tuple[str | None, str, str]] = [
                (endpoint.id, endpoint.url, job_message(ended, endpoint.form))
                for endpoint in self._endpoints.values()
                if endpoint.tenant == job.tenant and endpoint.wants(event)
            ]
            own = wanted_by(webhook, event)
            if own is not None:
                targets.append((None, own.url, job_message(ended, own.form, own.base_url)))
            for endpoint_id, url, body in targets:
                made = Delivery(new_id("msg"), job.tenant, endpoint_id, url, job.id, event, body, now, now)
                self._deliveries[made.id] = made
            for n, url in puts_of(webhook, job.state, (output.n for output in job.outputs)):
                made = Delivery(
                    new_id("msg"), job.tenant, None, url, job.id, Event.PUT.value, "", now, now, output=n
                )
                self._deliveries[made.id] = made

    def tell_batch(self, tenant: str, ended: EndedBatch) -> None:
        """A batch has just ended."""
        event = Event.BATCH_CANCELED if ended.canceled else Event.BATCH_FINISHED
        with self._lock:
            for endpoint in self._endpoints.values():
                body = batch_message(ended, endpoint.form)
                if endpoint.tenant == tenant and endpoint.wants(event) and body is not None:
                    made = Delivery(
                        new_id("msg"),
                        tenant,
                        endpoint.id,
                        endpoint.url,
                        None,
                        event,
                        body,
                        ended.at,
                        ended.at,
                    )
                    self._deliveries[made.id] = made

    # -- the front ---------------------------------------------------------------------------
    def add(self, endpoint: Endpoint, most: int) -> None:
        with self._lock:
            if len(self.endpoints(endpoint.tenant)) >= most:
                raise too_many_endpoints(most)
            self._endpoints[endpoint.id] = endpoint

    def endpoints(self, tenant: str) -> tuple[Endpoint, ...]:
        with self._lock:
            mine = [endpoint for endpoint in self._endpoints.values() if endpoint.tenant == tenant]
            return tuple(sorted(mine, key=lambda endpoint: (endpoint.created_at, endpoint.id)))

    def endpoint(self, tenant: str, endpoint_id: str) -> Endpoint:
        with self._lock:
            found = self._endpoints.get(endpoint_id)
            if found is None or found.tenant != tenant:
                raise endpoint_unknown()
            return found

    def change(self, tenant: str, endpoint_id: str, changes: Mapping[str, Any]) -> Endpoint:
        with self._lock:
            before = self.endpoint(tenant, endpoint_id)
            now = self._clock()
            after = replace(before, **changes, changed_at=now)
            if "url" in changes or (after.active and not before.active):
                after = replace(after, failures=0, rests_until=None)
            if after.active:
                after = replace(after, disabled_reason=None)
            if after.active and not before.active:
                self._hurry(endpoint_id, now)
            if after.url != before.url:
                for delivery in self._waiting(endpoint_id):
                    self._deliveries[delivery.id] = replace(delivery, url=after.url)
            self._endpoints[endpoint_id] = after
            return after

    def remove(self, tenant: str, endpoint_id: str) -> None:
        with self._lock:
            self._removed[endpoint_id] = self.endpoint(tenant, endpoint_id)
            del self._endpoints[endpoint_id]

    def rotate(self, tenant: str, endpoint_id: str, secret: SealedSecret, old_until: int) -> Endpoint:
        with self._lock:
            before = self.endpoint(tenant, endpoint_id)
            now = self._clock()
            kept = rotated(before.secrets, secret, old_until, now)
            self._endpoints[endpoint_id] = replace(before, secrets=kept, changed_at=now)
            return self._endpoints[endpoint_id]

    def own_secrets(self, tenant: str, first: SealedSecret) -> tuple[SealedSecret, ...]:
        with self._lock:
            return self._own.setdefault(tenant, (first,))

    def rotate_own(self, tenant: str, secret: SealedSecret, old_until: int) -> tuple[SealedSecret, ...]:
        with self._lock:
            self._own[tenant] = rotated(self._own.get(tenant, ()), secret, old_until, self._clock())
            return self._own[tenant]

    def deliveries(
        self, tenant: str, endpoint_id: str | None, *, cursor: str | None, limit: int
    ) -> DeliveryPage:
        behind = unpack_cursor(cursor) if cursor is not None else None
        with self._lock:
            found = sorted(
                (
                    replace(delivery, log=())
                    for delivery in self._deliveries.values()
                    if delivery.tenant == tenant
                    and endpoint_id in (None, delivery.endpoint_id)
                    and (behind is None or (delivery.created_at, delivery.id) < behind)
                ),
                key=lambda delivery: (delivery.created_at, delivery.id),
                reverse=True,
            )
        page = found[:limit]
        more = len(found) > limit and page
        return DeliveryPage(tuple(page), pack_cursor(page[-1].created_at, page[-1].id) if more else None)

    def delivery(self, tenant: str, delivery_id: str) -> Delivery:
        with self._lock:
            found = self._deliveries.get(delivery_id)
            if found is None or found.tenant != tenant:
                raise delivery_unknown()
            return found

    def replay(self, tenant: str, delivery_id: str) -> Delivery:
        with self._lock:
            found = self.delivery(tenant, delivery_id)
            url = found.url
            if found.endpoint_id is not None:
                url = self.endpoint(tenant, found.endpoint_id).url
            self._deliveries[delivery_id] = replace(
                found,
                url=url,
                state=DeliveryState.PENDING,
                attempts=0,
                due_at=self._clock(),
                finished_at=None,
            )
            return self._deliveries[delivery_id]

    def deliver(self, delivery: Delivery) -> None:
        with self._lock:
            self._deliveries[delivery.id] = delivery

    # -- the relay ---------------------------------------------------------------------------
    def routes(self) -> tuple[Route, ...]:
        with self._lock:
            now = self._clock()
            found: dict[str, Route] = {}
            for delivery in self._deliveries.values():
                if delivery.state is not DeliveryState.PENDING:
                    continue
                route = found.get(delivery.route) or self._route(delivery, now)
                found[delivery.route] = replace(route, due=route.due or delivery.due_at <= now)
            return tuple(found[name] for name in sorted(found))

    def take(self, wanted: Mapping[str, int], hidden_ms: int) -> tuple[Taken, ...]:
        with self._lock:
            now = self._clock()
            taken: list[Taken] = []
            for route, most in wanted.items():
                due = [delivery for delivery in self._waiting(route) if delivery.due_at <= now]
                for delivery in sorted(due, key=lambda delivery: (delivery.due_at, delivery.id))[:most]:
                    hidden = replace(delivery, due_at=now + hidden_ms)
                    self._deliveries[delivery.id] = hidden
                    taken.append(Taken(replace(hidden, log=()), self._secrets(delivery), hidden.due_at))
            return tuple(taken)

    def settle(self, taken: Taken, outcome: Outcome) -> None:
        with self._lock:
            now = self._clock()
            delivery = self._deliveries.get(taken.delivery.id)
            if delivery is None:
                return
            if delivery.endpoint_id is not None:
                self._note_health(delivery.endpoint_id, outcome, now)
            delivery = replace(delivery, log=(*delivery.log, outcome.attempt))
            current = delivery.due_at == taken.token
            if delivery.state is DeliveryState.PENDING and (current or outcome.delivered):
                done = outcome.retry_in_ms is None
                ended = DeliveryState.DELIVERED if outcome.delivered else DeliveryState.FAILED
                delivery = replace(
                    delivery,
                    state=ended if done else DeliveryState.PENDING,
                    attempts=delivery.attempts + 1,
                    due_at=delivery.due_at if done else now + (outcome.retry_in_ms or 0),
                    finished_at=now if done else None,
                    last_status=outcome.attempt.status,
                    last_error=outcome.attempt.error,
                )
            self._deliveries[delivery.id] = delivery

    def drop(self, routes: Sequence[str], reason: str, limit: int = 500) -> int:
        with self._lock:
            waiting = [delivery for route in routes for delivery in self._waiting(route)][:limit]
            for delivery in waiting:
                self._fail(delivery, reason)
            return len(waiting)

    def forget(self, older_ms: int, limit: int = 500) -> int:
        with self._lock:
            before = self._clock() - older_ms
            gone = 0
            for delivery in list(self._deliveries.values()):
                if gone >= limit:
                    break
                if delivery.finished_at is not None and delivery.finished_at <= before:
                    del self._deliveries[delivery.id]
                    gone += 1
                elif delivery.finished_at is None and delivery.created_at <= before:
                    self._fail(delivery, "waited_too_long")
                    gone += 1
            named = {delivery.endpoint_id for delivery in self._deliveries.values()}
            for endpoint_id in [known for known in self._removed if known not in named]:
                del self._removed[endpoint_id]
                gone += 1
            return gone

    # -- parts -------------------------------------------------------------------------------
    def _waiting(self, route: str) -> list[Delivery]:
        return [
            delivery
            for delivery in self._deliveries.values()
            if delivery.route == route and delivery.state is DeliveryState.PENDING
        ]

    def _hurry(self, endpoint_id: str, now: int) -> None:
        for delivery in self._waiting(endpoint_id):
            self._deliveries[delivery.id] = replace(delivery, due_at=min(delivery.due_at, now))

    def _route(self, delivery: Delivery, now: int) -> Route:
        if delivery.endpoint_id is None:
            return Route(delivery.route, delivery.tenant, due=False)
        endpoint = self._endpoints.get(delivery.endpoint_id)
        if endpoint is None:
            return Route(delivery.route, delivery.tenant, due=False, closed=True, removed=True)
        return Route(
            delivery.route,
            delivery.tenant,
            due=False,
            resting=endpoint.rests_until is not None and now < endpoint.rests_until,
            tripped=endpoint.rests_until is not None,
            closed=not endpoint.active,
        )

    def _secrets(self, delivery: Delivery) -> tuple[SealedSecret, ...]:
        if delivery.endpoint_id is None:
            return self._own.get(delivery.tenant, ())
        return self._endpoints[delivery.endpoint_id].secrets

    def _note_health(self, endpoint_id: str, outcome: Outcome, now: int) -> None:
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint is None:
            return
        self._endpoints[endpoint_id] = after_try(
            endpoint,
            now,
            delivered=outcome.delivered,
            gone=outcome.gone,
            retry_after_s=outcome.retry_after_s,
        )

    def _fail(self, delivery: Delivery, reason: str) -> None:
        self._deliveries[delivery.id] = replace(
            delivery, state=DeliveryState.FAILED, finished_at=self._clock(), last_error=reason
        )
