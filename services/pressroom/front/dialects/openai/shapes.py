"""What OpenAI's clients send.

A field that is not here is refused as unknown. ``Inert`` ones change nothing about a result and are taken; ``Refused`` ones would, and
are refused unless they say nothing.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from pressroom.contract.base import Wire
from pressroom.contract.params import MAX_SEED


def _says_nothing(value: Any) -> Any:
    if value not in (None, [], {}, "", "none", "auto", False):
        raise ValueError(UNSUPPORTED)
    return value


UNSUPPORTED = "This is not supported here; leave it away"

Inert = Annotated[Any, Field(description="Taken, and without effect.")]
Refused = Annotated[Any, AfterValidator(_says_nothing), Field(description="Not supported.")]
Listed = Annotated[tuple[str, ...], Field(strict=False)]
Tokens = Annotated[int, Field(ge=1, le=4096)]
Tier = Literal["auto", "default", "flex", "priority", "scale"]


def ours(seed: int | None) -> int | None:
    """A seed: theirs may be negative, or beyond ours."""
    return None if seed is None else seed % (MAX_SEED + 1)


class Part(Wire):
    """A piece of a message. Pictures and sound are not read."""

    type: Literal["text", "input_text", "output_text"]
    text: str
    annotations: Inert = None
    logprobs: Inert = None


class Turn(Wire):
    """What somebody says. ``developer`` is what ``system`` is called now."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | Annotated[tuple[Part, ...], Field(strict=False)]

    @property
    def text(self) -> str:
        """All of it."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class ChatMessage(Turn):
    """One turn of a chat."""

    name: Inert = None
    refusal: Inert = None
    annotations: Inert = None
    audio: Refused = None
    tool_calls: Refused = None
    function_call: Refused = None


class JsonSchema(Wire):
    """A form that a text must have. ``strict`` is always so here."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    name: str
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(Wire):
    """Plain text, some JSON, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormat":
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema goes with the type json_schema, and with no other")
        return self


class StreamOptions(Wire):
    """``include_usage``: a last chunk without choices tells what it cost."""

    include_usage: bool | None = None
    include_obfuscation: Inert = None


class Asked(Wire):
    """What all requests have. ``service_tier`` is a priority here: flex 2, default 5, priority 8."""

    model: str = Field(min_length=1, max_length=129)
    user: str | None = Field(None, max_length=512)
    safety_identifier: Inert = None


class Sampled(Asked):
    """How a text is drawn. Those from ``top_k`` on are Pressroom's own."""

    n: int | None = Field(None, ge=1, le=8)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: str | Listed | None = None
    max_tokens: Tokens | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[str, float] | None = None
    seed: int | None = None
    top_k: int | None = Field(None, ge=0, le=1000)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, ge=0.5, le=2)
    min_tokens: int | None = Field(None, ge=0, le=4096)

    @property
    def stops(self) -> tuple[str, ...]:
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else self.stop

    @property
    def draw(self) -> int | None:
        """The seed, as one of ours."""
        return ours(self.seed)

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    @model_validator(mode="after")
    def _streams_if_it_has_options_of_it(self) -> "Sampled":
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options goes with stream")
        return self


class ChatRequest(Sampled):
    """``POST /chat/completions``."""

    messages: tuple[ChatMessage, ...] = Field(min_length=1, max_length=64, strict=False)
    max_completion_tokens: Tokens | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    service_tier: Tier | None = None
    metadata: dict[str, str] | None = None
    store: Inert = None
    modalities: tuple[Literal["text"], ...] | None = Field(None, strict=False)
    parallel_tool_calls: Inert = None
    prompt_cache_key: Inert = None
    prompt_cache_retention: Inert = None
    reasoning_effort: Inert = None
    verbosity: Inert = None
    tools: Refused = None
    tool_choice: Refused = None
    functions: Refused = None
    function_call: Refused = None
    audio: Refused = None
    prediction: Refused = None
    web_search_options: Refused = None

    @model_validator(mode="after")
    def _asks_for_logprobs_if_for_the_likeliest(self) -> "ChatRequest":
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs goes with logprobs: true")
        return self


class CompletionRequest(Sampled):
    """``POST /completions``."""

    prompt: str | Listed
    logprobs: int | None = Field(None, ge=0, le=20)
    best_of: int | None = None
    suffix: Refused = None
    echo: Refused = None

    @property
    def prompts(self) -> tuple[str, ...]:
        return (self.prompt,) if isinstance(self.prompt, str) else self.prompt

    @model_validator(mode="after")
    def _is_one_stream_and_all_that_were_drawn(self) -> "CompletionRequest":
        if not 1 <= len(self.prompts) <= 16:
            raise ValueError("prompt is one text, or a list of 1 to 16")
        if self.stream and len(self.prompts) > 1:
            raise ValueError("a stream has one prompt: send the others in requests of their own")
        if self.best_of is not None and self.best_of != (self.n or 1):
            raise ValueError("best_of is not supported beyond n: all texts that are drawn are told")
        return self


class ImagesRequest(Asked):
    """``POST /images/generations``."""

    prompt: str = Field(min_length=1, max_length=32_000)
    n: int | None = Field(None, ge=1, le=10)
    size: str | None = Field(None, pattern=r"^(auto|[1-9]\d{0,4}x[1-9]\d{0,4})$")
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png", "webp", "svg"] | None = None
    seed: int | None = None
    quality: Inert = None
    style: Inert = None
    background: Inert = None
    moderation: Inert = None
    output_compression: Inert = None
    stream: Refused = None
    partial_images: Refused = None
