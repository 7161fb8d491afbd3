"""Writes down who is to be told of a job's end, or a batch's, in the transaction that ends it.

What ends a job selects ``watch_facts`` with its row, so that a tenant whom nobody calls for pays one
look into an index, and then calls ``tell``.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, insert, select

from pressroom.adapters.sql.tables import job
from pressroom.adapters.sql.webhook_tables import webhook_delivery, webhook_endpoint
from pressroom.domain.ids import new_id
from pressroom.domain.messages import Ended, EndedBatch, Form, batch_message, job_message
from pressroom.domain.states import State
from pressroom.domain.webhooks import DeliveryState, Event, event_of, own_route, puts_of, wanted_by

_WATCHING = and_(
    webhook_endpoint.c.tenant == job.c.tenant,
    webhook_endpoint.c.active,
    webhook_endpoint.c.removed_at.is_(None),
)
_FACTS: tuple[ColumnElement[Any], ...] = (
    job.c.webhook,
    job.c.model_name.label("told_model"),
    job.c.model_sha256.label("told_sha256"),
    job.c.created_at.label("told_since"),
    exists().where(_WATCHING).correlate(job).label("watched"),
)


def watch_facts() -> tuple[ColumnElement[Any], ...]:
    """The columns that ``tell`` needs of a job's row, besides its id and tenant."""
    return _FACTS


def tell(
    connection: Connection,
    row: Row[*tuple[Any, ...]],
    state: State,
    now: int,
    *,
    finish_reason: str | None,
    error_code: str | None,
    error_message: str | None = None,
    outputs: Iterable[int] = (),
) -> None:
    """Insert one delivery for each endpoint that wants this event, one for the job's own URL, and one for each of its
    ``outputs`` that is to be put somewhere."""
    if row.webhook is None and not row.watched:
        return
    event = event_of(state)
    ended = Ended(
        row.id,
        state,
        now,
        row.told_model,
        row.told_sha256,
        row.told_since,
        finish_reason,
        error_code,
        error_message,
    )
    made: list[dict[str, Any]] = []

    def add(
        endpoint_id: str | None,
        url: str,
        route: str,
        body: str,
        told: Event = event,
        output: int | None = None,
    ) -> None:
        made.append(_delivery(row.tenant, endpoint_id, route, url, told, body, now, row.id, output))

    if row.watched:
        for endpoint in connection.execute(_endpoints(row.tenant)):
            if endpoint.events is None or event.value in endpoint.events:
                body = job_message(ended, Form(endpoint.form or Form.JOB))
                add(endpoint.id, endpoint.url, endpoint.id, body)
    own = wanted_by(row.webhook, event.value)
    if own is not None:
        add(None, own.url, own_route(row.tenant), job_message(ended, own.form, own.base_url))
    for n, url in puts_of(row.webhook, state, outputs):
        add(None, url, own_route(row.tenant), "", Event.PUT, n)
    if made:
        connection.execute(insert(webhook_delivery), made)


def tell_batch(connection: Connection, tenant: str, ended: EndedBatch) -> None:
    """Insert one delivery for each endpoint that wants to know of a batch's end."""
    event = Event.BATCH_CANCELED if ended.canceled else Event.BATCH_FINISHED
    made = []
    for endpoint in connection.execute(_endpoints(tenant)):
        if endpoint.events is not None and event.value not in endpoint.events:
            continue
        body = batch_message(ended, Form(endpoint.form or Form.JOB))
        if body is not None:
            made.append(_delivery(tenant, endpoint.id, endpoint.id, endpoint.url, event, body, ended.at))
    if made:
        connection.execute(insert(webhook_delivery), made)


def _delivery(
    tenant: str,
    endpoint_id: str | None,
    route: str,
    url: str,
    event: Event,
    body: str,
    now: int,
    job_id: str | None = None,
    output: int | None = None,
) -> dict[str, Any]:
    """A new one, due at once."""
    return {
        "id": new_id("msg"),
        "tenant": tenant,
        "endpoint_id": endpoint_id,
        "route": route,
        "url": url,
        "job_id": job_id,
        "output": output,
        "event": event.value,
        "body": body,
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "created_at": now,
        "due_at": now,
        "waits_since": now,
    }


def _endpoints(tenant: str) -> Any:
    return select(
        webhook_endpoint.c.id, webhook_endpoint.c.url, webhook_endpoint.c.events, webhook_endpoint.c.form
    ).where(
        webhook_endpoint.c.tenant == tenant,
        webhook_endpoint.c.active,
        webhook_endpoint.c.removed_at.is_(None),
    )
