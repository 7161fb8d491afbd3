"""The tables of webhooks: who is told, what is to be told, and what came of each try.

    webhook_endpoint ──< webhook_delivery ──< webhook_attempt

A delivery is written in the transaction that ends its job. Its id and its body never change, so that
every try sends the same. ``endpoint_id`` is NULL where the job itself named the URL.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Named,
    String,
    Table,
    Text,
    TypedColumns,
    literal_column,
)

from pressroom.adapters.sql.tables import metadata

PENDING: ColumnElement[bool] = literal_column("state = 'pending'")


class WebhookEndpointColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"))
    url: Named[str] = Column(Text)
    description: Named[str] = Column(Text)
    # NULL: every event
    events: Named[list[str] | None] = Column(JSON(none_as_null=True))
    # sealed, newest first; an older one signs beside it until its time is over
    secrets: Named[list[dict[str, Any]]] = Column(JSON)
    active: Named[bool]
    disabled_reason: Named[str | None] = Column(Text)
    # the circuit breaker
    failures: Named[int] = Column(Integer)
    rests_until: Named[int | None] = Column(BigInteger)
    created_at: Named[int] = Column(BigInteger)
    changed_at: Named[int] = Column(BigInteger)
    # it stays until its deliveries are forgotten
    removed_at: Named[int | None] = Column(BigInteger)
    # in whose words it is told; NULL is Pressroom's own
    form: Named[str | None] = Column(String(16))


webhook_endpoint = Table("webhook_endpoint", metadata, WebhookEndpointColumns, Index(None, "tenant"))


class WebhookDeliveryColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64))
    endpoint_id: Named[str | None] = Column(String(64), ForeignKey("webhook_endpoint.id"))
    # what shares a way out: the endpoint, or all URLs that a tenant's jobs named
    route: Named[str] = Column(String(80))
    url: Named[str] = Column(Text)
    job_id: Named[str | None] = Column(String(64))
    # the output of the job that is put there, instead of a body
    output: Named[int | None] = Column(Integer)
    event: Named[str] = Column(String(64))
    body: Named[str] = Column(Text)
    state: Named[str] = Column(String(16))
    attempts: Named[int] = Column(Integer)
    created_at: Named[int] = Column(BigInteger)
    due_at: Named[int] = Column(BigInteger)
    # when due_at was written, by the same clock: what it says if that clock is set back
    waits_since: Named[int] = Column(BigInteger)
    finished_at: Named[int | None] = Column(BigInteger)
    last_status: Named[int | None] = Column(Integer)
    last_error: Named[str | None] = Column(Text)


webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    WebhookDeliveryColumns,
    CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
    Index(None, "tenant", "created_at", "id"),
    Index(None, "endpoint_id", "created_at"),
    Index(None, "job_id"),
    Index(None, "finished_at"),
)
Index(
    "ix_webhook_delivery_due",
    webhook_delivery.c.route,
    webhook_delivery.c.due_at,
    sqlite_where=PENDING,
    postgresql_where=PENDING,
)


class WebhookAttemptColumns(TypedColumns):
    id: Named[int] = Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    delivery_id: Named[str] = Column(String(64), ForeignKey("webhook_delivery.id"))
    at: Named[int] = Column(BigInteger)
    ms: Named[int] = Column(Integer)
    status: Named[int | None] = Column(Integer)
    error: Named[str | None] = Column(Text)


webhook_attempt = Table("webhook_attempt", metadata, WebhookAttemptColumns, Index(None, "delivery_id"))
