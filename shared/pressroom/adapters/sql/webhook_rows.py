"""Rows to endpoints and deliveries, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from pressroom.adapters.sql.webhook_tables import webhook_attempt
from pressroom.domain.messages import Form
from pressroom.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint, SealedSecret

AnyRow = Row[*tuple[Any, ...]]


def to_endpoint(row: AnyRow) -> Endpoint:
    """An endpoint of its row."""
    return Endpoint(
        id=row.id,
        tenant=row.tenant,
        url=row.url,
        description=row.description,
        events=None if row.events is None else tuple(row.events),
        secrets=to_secrets(row.secrets),
        active=row.active,
        created_at=row.created_at,
        changed_at=row.changed_at,
        disabled_reason=row.disabled_reason,
        failures=row.failures,
        rests_until=row.rests_until,
        form=Form(row.form or Form.JOB),
    )


def endpoint_values(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as the values of its row."""
    return {
        "id": endpoint.id,
        "tenant": endpoint.tenant,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": None if endpoint.events is None else list(endpoint.events),
        "secrets": secret_values(endpoint.secrets),
        "active": endpoint.active,
        "disabled_reason": endpoint.disabled_reason,
        "failures": endpoint.failures,
        "rests_until": endpoint.rests_until,
        "created_at": endpoint.created_at,
        "changed_at": endpoint.changed_at,
        "form": endpoint.form.value,
    }


def to_secrets(values: Iterable[Mapping[str, Any]] | None) -> tuple[SealedSecret, ...]:
    """Secrets as they lie in their column."""
    return tuple(
        SealedSecret(value["sealed"], value["created_at"], value.get("until")) for value in values or ()
    )


def secret_values(secrets: Iterable[SealedSecret]) -> list[dict[str, Any]]:
    """Secrets as their column holds them."""
    return [
        {"sealed": secret.sealed, "created_at": secret.created_at, "until": secret.until}
        for secret in secrets
    ]


def to_delivery(row: AnyRow, log: tuple[Attempt, ...] = ()) -> Delivery:
    """A delivery of its row."""
    return Delivery(
        id=row.id,
        tenant=row.tenant,
        endpoint_id=row.endpoint_id,
        url=row.url,
        job_id=row.job_id,
        event=row.event,
        body=row.body,
        created_at=row.created_at,
        due_at=row.due_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        finished_at=row.finished_at,
        last_status=row.last_status,
        last_error=row.last_error,
        log=log,
        output=row.output,
    )


def log_of(connection: Connection, delivery_id: str) -> tuple[Attempt, ...]:
    """The tries of a delivery, the first one first."""
    rows = connection.execute(
        select(webhook_attempt)
        .where(webhook_attempt.c.delivery_id == delivery_id)
        .order_by(webhook_attempt.c.id)
    )
    return tuple(Attempt(row.at, row.ms, row.status, row.error) for row in rows)
