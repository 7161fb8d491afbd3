"""What Replicate's clients send."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pressroom.contract.base import Wire
from pressroom.contract.webhooks import TargetUrl
from pressroom.front.api.queries import Query


def _ends(wanted: list[str]) -> list[str]:
    if wanted and "completed" not in wanted:
        raise ValueError("only `completed` is told here: name it, or follow the prediction's stream")
    return wanted


Filter = Annotated[
    list[Literal["start", "output", "logs", "completed"]],
    AfterValidator(_ends),
    Field(max_length=4, strict=False),
]


class PredictionRequest(Wire):
    """``POST /predictions``: ``version`` is a hash, ``OWNER/NAME`` or ``OWNER/NAME:HASH``."""

    version: str | None = Field(None, max_length=300)
    input: dict[str, Any] = Field(default_factory=dict)
    stream: bool | None = Field(None, description="Without effect: whatever can be streamed may be.")
    webhook: TargetUrl | None = None
    webhook_completed: TargetUrl | None = Field(None, description="The older name of `webhook`.")
    webhook_events_filter: Filter | None = None


class PredictionsQuery(Query):
    """``GET /predictions``."""

    cursor: str | None = Field(None, min_length=1, max_length=256)
