"""Webhooks, as they travel over HTTP: endpoints, their secrets, deliveries and what came of them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire

TargetUrl = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
EventName = Literal["job.succeeded", "job.failed", "job.canceled", "job.expired"]
EndpointEventName = Literal[
    "job.succeeded", "job.failed", "job.canceled", "job.expired", "batch.finished", "batch.canceled"
]
DeliveryStateName = Literal["pending", "delivered", "failed"]
FormName = Literal["job", "prediction", "response"]
_FORM = (
    "In whose words it is told: `job` is Pressroom's; `prediction` is Replicate's, without output; `response` is "
    "OpenAI's, of type `response.completed`, `response.failed` or `response.cancelled`."
)
_EVENTS = "Only these; null is every one."


class JobWebhook(Wire):
    """Who is told of this job's end, besides your endpoints. It is signed with your tenant's secret."""

    url: TargetUrl = Field(description="A URL with TLS (https).")
    events: tuple[EventName, ...] | None = Field(
        None, min_length=1, max_length=4, strict=False, description=_EVENTS
    )
    form: FormName = Field("job", description=_FORM)
    base_url: TargetUrl | None = Field(
        None, description="What links in the message begin with; without it they are paths."
    )


class EndpointRequest(Wire):
    """``POST /v1/webhooks``."""

    url: TargetUrl = Field(description="A URL with TLS (https) that leads to a public address.")
    events: tuple[EndpointEventName, ...] | None = Field(
        None, min_length=1, max_length=6, strict=False, description=_EVENTS
    )
    description: str = Field("", max_length=256, description="Yours.")
    form: FormName = Field("job", description=_FORM)


class EndpointChange(Wire):
    """``PATCH /v1/webhooks/{id}``: what is left out stays as it is."""

    url: TargetUrl | None = Field(None, description="What waits goes there too.")
    events: tuple[EndpointEventName, ...] | None = Field(
        None, min_length=1, max_length=6, strict=False, description=_EVENTS
    )
    description: str | None = Field(None, max_length=256)
    form: FormName | None = Field(None, description=_FORM)
    active: bool | None = Field(
        None, description="false: new ends are not told, and what waits is held. true: it goes on."
    )


class EndpointView(Wire):
    """A URL that is told of events. Times are milliseconds since the epoch."""

    id: str
    url: str
    events: tuple[str, ...] | None
    description: str
    form: FormName
    active: bool
    disabled_reason: str | None = Field(None, description="`gone`: it answered 410.")
    failures: int = Field(description="Failed tries in a row.")
    rests_until: int | None = Field(None, description="Nothing is sent before, since it failed so often.")
    created_at: int
    changed_at: int


class NewEndpointView(EndpointView):
    """An endpoint that was just made, and the only time that its secret is told."""

    secret: str = Field(description="`whsec_…`: what its messages are signed with.")


class EndpointList(Wire):
    """``GET /v1/webhooks``: the oldest first."""

    items: tuple[EndpointView, ...]


class SecretView(Wire):
    """A signing secret. The one before it signs along until ``old_until``."""

    secret: str
    old_until: int | None = None


class TryView(Wire):
    """One call: its answer's status, or a code of what went wrong."""

    at: int
    ms: int
    status: int | None = None
    error: str | None = None


class DeliveryView(Wire):
    """One message to one URL. Its id is the header `webhook-id`, the same at each try."""

    id: str
    webhook_id: str | None = Field(description="null: the job named the URL itself.")
    job_id: str | None
    output: int | None = Field(None, description="Of `output.put`: the output that is put there.")
    event: str
    status: DeliveryStateName
    attempts: int = Field(description="Tries since it was made, or since its last replay.")
    created_at: int
    due_at: int | None = Field(None, description="When it is tried next.")
    finished_at: int | None = None
    last_status: int | None = None
    last_error: str | None = None
    body: str | None = Field(None, description="The very bytes; told of a single delivery only.")
    tries: tuple[TryView, ...] | None = Field(None, description="Told of a single delivery only.")


class DeliveryPageView(Wire):
    """Newest first. Pass ``next`` as ``cursor`` for the following page."""

    items: tuple[DeliveryView, ...]
    next: str | None = None
