"""What OpenAI's clients send to ``/responses``."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from pressroom.contract.base import Wire
from pressroom.front.api.queries import Query
from pressroom.front.dialects.openai.shapes import Asked, Inert, Refused, Tier, Tokens, Turn


class Item(Turn):
    """One turn: of the client, or of an earlier response that is sent back."""

    type: Literal["message"] | None = None
    id: Inert = None
    status: Inert = None
    phase: Inert = None


class TextFormat(Wire):
    """Plain text, some JSON, or JSON of a schema."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    description: str | None = None
    strict: bool | None = None


class TextSettings(Wire):
    """Of the text."""

    format: TextFormat | None = None
    verbosity: Inert = None


class ResponseRequest(Asked):
    """``POST /responses``. ``seed`` and ``top_k`` are Pressroom's own."""

    input: str | Annotated[tuple[Item, ...], Field(strict=False, min_length=1, max_length=64)]
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: Tokens | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_logprobs: int | None = Field(None, ge=0, le=20)
    seed: int | None = None
    top_k: int | None = Field(None, ge=0, le=1000)
    text: TextSettings | None = None
    metadata: dict[str, str] | None = None
    service_tier: Tier | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = Field(None, description="False: nothing of it is kept for longer than a minute.")
    include: Annotated[tuple[Literal["message.output_text.logprobs"], ...], Field(strict=False)] | None = None
    stream_options: Inert = None
    truncation: Inert = None
    reasoning: Inert = None
    parallel_tool_calls: Inert = None
    max_tool_calls: Inert = None
    prompt_cache_key: Inert = None
    prompt_cache_retention: Inert = None
    prompt_cache_options: Inert = None
    tools: Refused = None
    tool_choice: Refused = None
    conversation: Refused = None
    prompt: Refused = None
    image: Refused = None
    moderation: Refused = None
    context_management: Refused = None

    @property
    def wants_logprobs(self) -> bool:
        return bool(self.include) or self.top_logprobs is not None


class StreamQuery(Query):
    """``GET /responses/{id}``."""

    stream: bool = False
