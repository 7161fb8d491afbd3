"""What operators do over HTTP: tenants, API keys and their bounds."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
ScopeName = Literal["read", "write", "erase", "webhooks", "budgets", "admin"]
_MOST = 2**53 - 1
_UNBOUND = "null is without a bound."


class KeyLimitsShape(Wire):
    """What a key may ask for, and how much of it."""

    models: tuple[Name, ...] | None = Field(
        None, min_length=1, max_length=100, strict=False, description="Models that it may name; null is all."
    )
    requests_minute: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description=f"Requests that ask for work, a minute; a batch is one. {_UNBOUND}",
    )
    tokens_day: int | None = Field(
        None,
        ge=1,
        le=_MOST,
        description=f"Tokens, read and written, of jobs posted on one date (UTC). {_UNBOUND}",
    )
    concurrency: int | None = Field(
        None, ge=1, le=1_000_000, description=f"Jobs that run at once; the others wait. {_UNBOUND}"
    )
    priority: int | None = Field(
        None,
        ge=0,
        le=9,
        description="Of jobs that name none, and the most that they may name. null: 5, and 9.",
    )


class KeyRequest(Wire):
    """``POST /v1/admin/keys``."""

    tenant: Name = Field(description="Whose it is; made when it is new.")
    label: str = Field("", max_length=128, description="What it is for.")
    scopes: tuple[ScopeName, ...] | None = Field(
        None,
        min_length=1,
        max_length=6,
        strict=False,
        description="What it is good for; null is everything within its tenant.",
    )
    lives_s: int | None = Field(
        None, ge=60, le=315_360_000, description="For how many seconds it is good; null: until it is revoked."
    )
    limits: KeyLimitsShape = Field(default_factory=KeyLimitsShape)


class KeyView(Wire):
    """An API key without its secret. Times are milliseconds since the epoch."""

    id: str
    tenant: str
    label: str
    scopes: tuple[str, ...]
    limits: KeyLimitsShape
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    replaces: str | None = Field(None, description="The key that it was rotated from.")


class NewKeyView(KeyView):
    """A key that was just made: its token is told once."""

    token: str


class KeyList(Wire):
    """``GET /v1/admin/keys``."""

    items: tuple[KeyView, ...]


class RotationRequest(Wire):
    """``POST /v1/admin/keys/{id}/rotate``."""

    overlap_s: int = Field(
        86_400, ge=0, le=2_592_000, description="How long the old key is good beside the new one."
    )


class RetentionShape(Wire):
    """How long things of a tenant's later jobs are kept, in seconds; null is as for everybody."""

    results_s: int | None = Field(None, ge=60, le=7_776_000, description="Results, from a job's end.")
    prompts_s: int | None = Field(None, ge=0, le=7_776_000, description="Inputs, from a job's end.")
    events_s: int | None = Field(None, ge=10, le=604_800, description="Streams, from a job's end.")
    keys_s: int | None = Field(
        None, ge=3_600, le=34_560_000, description="Idempotency keys, from a job's acceptance."
    )


class TenantView(Wire):
    """A tenant."""

    tenant: str
    keeps: RetentionShape


class TenantList(Wire):
    """``GET /v1/admin/tenants``."""

    items: tuple[TenantView, ...]


class WeightRequest(Wire):
    """``PUT /v1/admin/tenants/{tenant}/weights/{pool}``."""

    weight: float = Field(
        ge=0.001,
        le=1_000,
        description="1 is everybody's. With 3 a tenant is served three times as much as one with 1, while both wait.",
    )
