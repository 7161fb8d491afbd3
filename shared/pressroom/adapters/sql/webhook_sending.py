"""What the relay asks of the deliveries: where something waits, take some, write down what came of them.

A route is found by one jump in the index, as lanes are, so that a hundred thousand deliveries that wait
for one dead endpoint cost no more to pass by than one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import tenant as tenant_table
from pressroom.adapters.sql.webhook_rows import AnyRow, to_delivery, to_endpoint, to_secrets
from pressroom.adapters.sql.webhook_tables import (
    PENDING,
    webhook_attempt,
    webhook_delivery,
    webhook_endpoint,
)
from pressroom.domain.webhooks import DeliveryState, SealedSecret, after_try, own_route
from pressroom.jobs.webhook_ports import Outcome, Route, Taken

_OWN = own_route("")


def _waiting_routes() -> Select[*tuple[Any, ...]]:
    """Each route with something pending, and when the first of it is due."""
    first = select(func.min(webhook_delivery.c.route).label("name")).where(PENDING)
    found = first.cte("found", recursive=True)
    behind = (
        select(func.min(webhook_delivery.c.route))
        .where(PENDING, webhook_delivery.c.route > found.c.name)
        .correlate(found)
        .scalar_subquery()
    )
    found = found.union_all(select(behind).where(found.c.name.is_not(None)))
    due_at = (
        select(func.min(webhook_delivery.c.due_at))
        .where(PENDING, webhook_delivery.c.route == found.c.name)
        .correlate(found)
        .scalar_subquery()
    )
    return (
        select(found.c.name, due_at.label("due_at"), *_HEALTH)
        .outerjoin_from(found, webhook_endpoint, webhook_endpoint.c.id == found.c.name)
        .where(found.c.name.is_not(None))
        .order_by(found.c.name)
    )


_HEALTH = (
    webhook_endpoint.c.tenant,
    webhook_endpoint.c.active,
    webhook_endpoint.c.removed_at,
    webhook_endpoint.c.rests_until,
)
_ROUTES = _waiting_routes()
_DUE = (
    select(webhook_delivery.c.id)
    .where(
        PENDING,
        webhook_delivery.c.route == bindparam("of_route", type_=String),
        webhook_delivery.c.due_at <= bindparam("not_after", type_=BigInteger),
    )
    .order_by(webhook_delivery.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def routes(database: Database) -> tuple[Route, ...]:
    """See ``WebhookStore.routes``."""

    def look(connection: Connection) -> tuple[Route, ...]:
        now = database.now(connection).wall
        return tuple(_route(row, now) for row in connection.execute(_ROUTES))

    return database.read(look)


def _route(row: AnyRow, now: int) -> Route:
    due = row.due_at is not None and row.due_at <= now
    if row.name.startswith(_OWN):
        return Route(row.name, row.name.removeprefix(_OWN), due=due)
    return Route(
        row.name,
        row.tenant,
        due=due,
        resting=row.rests_until is not None and now < row.rests_until,
        tripped=row.rests_until is not None,
        closed=not row.active,
        removed=row.removed_at is not None,
    )


def take(database: Database, wanted: Mapping[str, int], hidden_ms: int) -> tuple[Taken, ...]:
    """See ``WebhookStore.take``."""
    if not wanted:
        return ()

    def move(connection: Connection) -> tuple[Taken, ...]:
        now = database.now(connection).wall
        ids: list[str] = []
        for route in sorted(wanted):
            values = {"of_route": route, "not_after": now, "most": wanted[route]}
            ids += connection.scalars(_DUE, values)
        if not ids:
            return ()
        rows = connection.execute(
            update(webhook_delivery)
            .where(webhook_delivery.c.id.in_(ids))
            .values(due_at=now + hidden_ms, waits_since=now)
            .returning(*webhook_delivery.c)
        ).all()
        secrets = _secrets(connection, rows)
        return tuple(
            Taken(to_delivery(row), secrets.get(row.route, ()), row.due_at)
            for row in sorted(rows, key=lambda row: ids.index(row.id))
        )

    return database.write(move)


def _secrets(connection: Connection, rows: Sequence[AnyRow]) -> dict[str, tuple[SealedSecret, ...]]:
    """The secrets of each route of the rows."""
    endpoints = {row.endpoint_id for row in rows if row.endpoint_id is not None}
    tenants = {row.tenant for row in rows if row.endpoint_id is None}
    found: dict[str, tuple[SealedSecret, ...]] = {}
    if endpoints:
        wanted = select(webhook_endpoint.c.id, webhook_endpoint.c.secrets)
        for row in connection.execute(wanted.where(webhook_endpoint.c.id.in_(endpoints))):
            found[row.id] = to_secrets(row.secrets)
    if tenants:
        owned = select(tenant_table.c.id, tenant_table.c.webhook_secrets)
        for row in connection.execute(owned.where(tenant_table.c.id.in_(tenants))):
            found[own_route(row.id)] = to_secrets(row.webhook_secrets)
    return found


def settle(database: Database, taken: Taken, outcome: Outcome) -> None:
    """See ``WebhookStore.settle``."""
    delivery = taken.delivery
    attempt = outcome.attempt

    def move(connection: Connection) -> None:
        now = database.now(connection).wall
        if delivery.endpoint_id is not None:
            _note_health(connection, delivery.endpoint_id, outcome, now)
        row = connection.execute(
            select(webhook_delivery.c.state, webhook_delivery.c.due_at)
            .where(webhook_delivery.c.id == delivery.id)
            .with_for_update()
        ).one_or_none()
        if row is None:
            return
        connection.execute(
            insert(webhook_attempt).values(
                delivery_id=delivery.id,
                at=attempt.at,
                ms=attempt.ms,
                status=attempt.status,
                error=attempt.error,
            )
        )
        current = row.due_at == taken.token or outcome.delivered
        if row.state != DeliveryState.PENDING.value or not current:
            return
        values: dict[str, Any] = {
            "attempts": webhook_delivery.c.attempts + 1,
            "last_status": attempt.status,
            "last_error": attempt.error,
        }
        if outcome.retry_in_ms is not None:
            values |= {"due_at": now + outcome.retry_in_ms, "waits_since": now}
        else:
            ended = DeliveryState.DELIVERED if outcome.delivered else DeliveryState.FAILED
            values |= {"state": ended.value, "finished_at": now}
        connection.execute(
            update(webhook_delivery).where(webhook_delivery.c.id == delivery.id).values(values)
        )

    database.write(move)


def _note_health(connection: Connection, endpoint_id: str, outcome: Outcome, now: int) -> None:
    """Keep the circuit breaker; a delivery to a healthy endpoint changes nothing and locks nothing."""
    wanted = select(webhook_endpoint).where(webhook_endpoint.c.id == endpoint_id)
    if outcome.delivered:
        ill = or_(webhook_endpoint.c.failures > 0, webhook_endpoint.c.rests_until.is_not(None))
        wanted = wanted.where(ill)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    if row is None:
        return
    after = after_try(
        to_endpoint(row),
        now,
        delivered=outcome.delivered,
        gone=outcome.gone,
        retry_after_s=outcome.retry_after_s,
    )
    connection.execute(
        update(webhook_endpoint)
        .where(webhook_endpoint.c.id == endpoint_id)
        .values(
            failures=after.failures,
            rests_until=after.rests_until,
            active=after.active,
            disabled_reason=after.disabled_reason,
        )
    )


def drop(database: Database, names: Sequence[str], reason: str, limit: int) -> int:
    """See ``WebhookStore.drop``."""
    if not names:
        return 0
    waiting = (
        select(webhook_delivery.c.id)
        .where(PENDING, webhook_delivery.c.route.in_(names))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return database.write(lambda connection: _fail(database, connection, waiting, reason))


def forget(database: Database, older_ms: int, limit: int) -> int:
    """See ``WebhookStore.forget``."""

    def move(connection: Connection) -> int:
        before = database.now(connection).wall - older_ms
        ended = list(
            connection.scalars(
                select(webhook_delivery.c.id)
                .where(webhook_delivery.c.finished_at <= before)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
        )
        if ended:
            connection.execute(delete(webhook_attempt).where(webhook_attempt.c.delivery_id.in_(ended)))
            connection.execute(delete(webhook_delivery).where(webhook_delivery.c.id.in_(ended)))
        late = (
            select(webhook_delivery.c.id)
            .where(PENDING, webhook_delivery.c.created_at <= before)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        failed = _fail(database, connection, late, "waited_too_long")
        removed = connection.execute(
            delete(webhook_endpoint).where(
                webhook_endpoint.c.removed_at.is_not(None),
                ~exists().where(webhook_delivery.c.endpoint_id == webhook_endpoint.c.id),
            )
        )
        return len(ended) + failed + removed.rowcount

    return database.write(move)


def _fail(database: Database, connection: Connection, wanted: Select[*tuple[Any, ...]], reason: str) -> int:
    ids = list(connection.scalars(wanted))
    if ids:
        connection.execute(
            update(webhook_delivery)
            .where(webhook_delivery.c.id.in_(ids))
            .values(
                state=DeliveryState.FAILED.value,
                finished_at=database.now(connection).wall,
                last_error=reason,
            )
        )
    return len(ids)
