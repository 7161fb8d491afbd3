"""What OpenAI's clients send to ``/batches``, and what the lines of their files hold."""

from typing import Any, Literal

from pydantic import Field

from pressroom.contract.base import Wire
from pressroom.front.api.queries import Query
from pressroom.front.dialects.openai.shapes import Inert

Endpoint = Literal["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"]


class BatchRequest(Wire):
    """``POST /batches``."""

    input_file_id: str = Field(min_length=1, max_length=100)
    endpoint: Endpoint
    completion_window: Literal["24h"]
    metadata: dict[str, str] | None = Field(None, max_length=16)
    output_expires_after: Inert = None


class Line(Wire):
    """A line of an input file."""

    custom_id: str = Field(min_length=1, max_length=255)
    method: Literal["POST"]
    url: Endpoint
    body: dict[str, Any]


class BatchesQuery(Query):
    """``GET /batches``: the newest; there is no way back from there."""

    limit: int = Field(20, ge=1, le=100)
