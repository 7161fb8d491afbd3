"""``SqlWebhookStore``: the port ``WebhookStore`` over a database; what the relay asks is in ``webhook_sending``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, tuple_, update

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.refusals import delivery_unknown, endpoint_unknown, too_many_endpoints
from pressroom.adapters.sql import webhook_sending as sending
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.reading import storable
from pressroom.adapters.sql.tables import tenant as tenant_table
from pressroom.adapters.sql.tenants import open_tenant
from pressroom.adapters.sql.webhook_rows import (
    AnyRow,
    endpoint_values,
    log_of,
    secret_values,
    to_delivery,
    to_endpoint,
    to_secrets,
)
from pressroom.adapters.sql.webhook_tables import PENDING, webhook_delivery, webhook_endpoint
from pressroom.domain.messages import Form
from pressroom.domain.webhooks import Delivery, DeliveryState, Endpoint, SealedSecret, rotated
from pressroom.jobs.webhook_ports import DeliveryPage, Outcome, Route, Taken


class SqlWebhookStore:
    """Endpoints and deliveries in a database. Thread-safe.

    Whoever locks an endpoint and its deliveries locks the endpoint first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> int:
        return self._database.read(lambda connection: self._database.now(connection).wall)

    # -- the front ---------------------------------------------------------------------------
    def add(self, endpoint: Endpoint, most: int) -> None:
        def store(connection: Connection) -> None:
            open_tenant(self._database, connection, endpoint.tenant, endpoint.created_at)
            mine = select(func.count()).where(
                webhook_endpoint.c.tenant == endpoint.tenant, webhook_endpoint.c.removed_at.is_(None)
            )
            if (connection.scalar(mine) or 0) >= most:
                raise too_many_endpoints(most)
            connection.execute(insert(webhook_endpoint).values(endpoint_values(endpoint)))

        self._database.write(store)

    def endpoints(self, tenant: str) -> tuple[Endpoint, ...]:
        wanted = (
            select(webhook_endpoint)
            .where(webhook_endpoint.c.tenant == tenant, webhook_endpoint.c.removed_at.is_(None))
            .order_by(webhook_endpoint.c.created_at, webhook_endpoint.c.id)
        )
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(map(to_endpoint, rows))

    def endpoint(self, tenant: str, endpoint_id: str) -> Endpoint:
        return self._database.read(lambda connection: to_endpoint(_found(connection, tenant, endpoint_id)))

    def change(self, tenant: str, endpoint_id: str, changes: Mapping[str, Any]) -> Endpoint:
        def move(connection: Connection) -> Endpoint:
            before = _found(connection, tenant, endpoint_id, lock=True)
            now = self._database.now(connection).wall
            values = {**changes, "changed_at": now}
            active = bool(changes.get("active", before.active))
            waking = active and not before.active
            if "url" in changes or waking:
                values |= {"failures": 0, "rests_until": None}
            if active:
                values["disabled_reason"] = None
            if changes.get("events") is not None:
                values["events"] = list(changes["events"])
            if "form" in changes:
                values["form"] = Form(changes["form"]).value
            waiting = update(webhook_delivery).where(webhook_delivery.c.route == endpoint_id, PENDING)
            if waking:
                sooner = waiting.where(webhook_delivery.c.due_at > now)
                connection.execute(sooner.values(due_at=now, waits_since=now))
            if changes.get("url", before.url) != before.url:
                connection.execute(waiting.values(url=changes["url"]))
            return _changed(connection, endpoint_id, values)

        return self._database.write(move)

    def remove(self, tenant: str, endpoint_id: str) -> None:
        def move(connection: Connection) -> None:
            _found(connection, tenant, endpoint_id, lock=True)
            now = self._database.now(connection).wall
            _changed(connection, endpoint_id, {"removed_at": now, "active": False, "secrets": []})

        self._database.write(move)

    def rotate(self, tenant: str, endpoint_id: str, secret: SealedSecret, old_until: int) -> Endpoint:
        def move(connection: Connection) -> Endpoint:
            before = to_endpoint(_found(connection, tenant, endpoint_id, lock=True))
            now = self._database.now(connection).wall
            kept = secret_values(rotated(before.secrets, secret, old_until, now))
            return _changed(connection, endpoint_id, {"secrets": kept, "changed_at": now})

        return self._database.write(move)

    def own_secrets(self, tenant: str, first: SealedSecret) -> tuple[SealedSecret, ...]:
        known = self._database.read(lambda connection: _own_secrets(connection, tenant))
        if known:
            return known
        return self._own(tenant, first.created_at, lambda known, now: known or (first,))

    def rotate_own(self, tenant: str, secret: SealedSecret, old_until: int) -> tuple[SealedSecret, ...]:
        return self._own(tenant, secret.created_at, lambda known, now: rotated(known, secret, old_until, now))

    def deliveries(
        self, tenant: str, endpoint_id: str | None, *, cursor: str | None, limit: int
    ) -> DeliveryPage:
        place = tuple_(webhook_delivery.c.created_at, webhook_delivery.c.id)
        wanted = select(webhook_delivery).where(webhook_delivery.c.tenant == tenant)
        if endpoint_id is not None:
            if not storable(endpoint_id):
                return DeliveryPage((), None)
            wanted = wanted.where(webhook_delivery.c.endpoint_id == endpoint_id)
        if cursor is not None:
            wanted = wanted.where(place < tuple_(*unpack_cursor(cursor)))
        wanted = wanted.order_by(webhook_delivery.c.created_at.desc(), webhook_delivery.c.id.desc())
        rows = self._database.read(lambda connection: connection.execute(wanted.limit(limit + 1)).all())
        page = rows[:limit]
        more = len(rows) > limit and page
        return DeliveryPage(
            tuple(map(to_delivery, page)), pack_cursor(page[-1].created_at, page[-1].id) if more else None
        )

    def delivery(self, tenant: str, delivery_id: str) -> Delivery:
        def look(connection: Connection) -> Delivery:
            row = _found_delivery(connection, tenant, delivery_id)
            return to_delivery(row, log_of(connection, delivery_id))

        return self._database.read(look)

    def replay(self, tenant: str, delivery_id: str) -> Delivery:
        def move(connection: Connection) -> Delivery:
            found = _found_delivery(connection, tenant, delivery_id)
            now = self._database.now(connection).wall
            url = found.url
            if found.endpoint_id is not None:
                url = _found(connection, tenant, found.endpoint_id, lock=True).url
            changed = connection.execute(
                update(webhook_delivery)
                .where(webhook_delivery.c.id == delivery_id)
                .values(
                    url=url,
                    state=DeliveryState.PENDING.value,
                    attempts=0,
                    due_at=now,
                    waits_since=now,
                    finished_at=None,
                )
                .returning(*webhook_delivery.c)
            ).one()
            return to_delivery(changed, log_of(connection, delivery_id))

        return self._database.write(move)

    def deliver(self, delivery: Delivery) -> None:
        values = {
            "id": delivery.id,
            "tenant": delivery.tenant,
            "endpoint_id": delivery.endpoint_id,
            "route": delivery.route,
            "url": delivery.url,
            "job_id": delivery.job_id,
            "event": delivery.event,
            "body": delivery.body,
            "state": delivery.state.value,
            "attempts": delivery.attempts,
            "created_at": delivery.created_at,
            "due_at": delivery.due_at,
            "waits_since": delivery.created_at,
        }
        self._database.write(lambda connection: connection.execute(insert(webhook_delivery).values(values)))

    # -- the relay ---------------------------------------------------------------------------
    def routes(self) -> tuple[Route, ...]:
        return sending.routes(self._database)

    def take(self, wanted: Mapping[str, int], hidden_ms: int) -> tuple[Taken, ...]:
        return sending.take(self._database, wanted, hidden_ms)

    def settle(self, taken: Taken, outcome: Outcome) -> None:
        sending.settle(self._database, taken, outcome)

    def drop(self, routes: Sequence[str], reason: str, limit: int = 500) -> int:
        return sending.drop(self._database, routes, reason, limit)

    def forget(self, older_ms: int, limit: int = 500) -> int:
        return sending.forget(self._database, older_ms, limit)

    # -- parts -------------------------------------------------------------------------------
    def _own(
        self,
        tenant: str,
        created_at: int,
        change: Callable[[tuple[SealedSecret, ...], int], tuple[SealedSecret, ...]],
    ) -> tuple[SealedSecret, ...]:
        def move(connection: Connection) -> tuple[SealedSecret, ...]:
            open_tenant(self._database, connection, tenant, created_at)
            after = change(_own_secrets(connection, tenant, lock=True), self._database.now(connection).wall)
            connection.execute(
                update(tenant_table)
                .where(tenant_table.c.id == tenant)
                .values(webhook_secrets=secret_values(after))
            )
            return after

        return self._database.write(move)


def _found(connection: Connection, tenant: str, endpoint_id: str, *, lock: bool = False) -> AnyRow:
    """Raises EndpointUnknown."""
    if not storable(endpoint_id):
        raise endpoint_unknown()
    wanted = select(webhook_endpoint).where(
        webhook_endpoint.c.id == endpoint_id,
        webhook_endpoint.c.tenant == tenant,
        webhook_endpoint.c.removed_at.is_(None),
    )
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise endpoint_unknown()
    return row


def _changed(connection: Connection, endpoint_id: str, values: Mapping[str, Any]) -> Endpoint:
    row = connection.execute(
        update(webhook_endpoint)
        .where(webhook_endpoint.c.id == endpoint_id)
        .values(values)
        .returning(*webhook_endpoint.c)
    ).one()
    return to_endpoint(row)


def _found_delivery(connection: Connection, tenant: str, delivery_id: str) -> AnyRow:
    """Raises DeliveryUnknown."""
    if not storable(delivery_id):
        raise delivery_unknown()
    row = connection.execute(
        select(webhook_delivery).where(
            webhook_delivery.c.id == delivery_id, webhook_delivery.c.tenant == tenant
        )
    ).one_or_none()
    if row is None:
        raise delivery_unknown()
    return row


def _own_secrets(connection: Connection, tenant: str, *, lock: bool = False) -> tuple[SealedSecret, ...]:
    wanted = select(tenant_table.c.webhook_secrets).where(tenant_table.c.id == tenant)
    return to_secrets(connection.scalar(wanted.with_for_update() if lock else wanted))
