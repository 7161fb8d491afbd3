"""What Replicate's clients send."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pressroom.contract.base import Wire
from pressroom.front.api.queries import Query


def _says_nothing(value: Any) -> Any:
    if value:
        raise ValueError("predictions call nobody back here: register an endpoint at /v1/webhooks")
    return value


Uncalled = Annotated[Any, AfterValidator(_says_nothing), Field(description="Not supported.")]


class PredictionRequest(Wire):
    """``POST /predictions``: ``version`` is a hash, ``OWNER/NAME`` or ``OWNER/NAME:HASH``."""

    version: str | None = Field(None, max_length=300)
    input: dict[str, Any] = Field(default_factory=dict)
    stream: bool | None = Field(None, description="Without effect: whatever can be streamed may be.")
    webhook: Uncalled = None
    webhook_completed: Uncalled = None
    webhook_events_filter: Uncalled = None


class PredictionsQuery(Query):
    """``GET /predictions``."""

    cursor: str | None = Field(None, min_length=1, max_length=256)
