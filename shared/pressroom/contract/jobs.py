"""Requests and answers about jobs, as they travel over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire
from pressroom.contract.copy import ReviewView, Writing
from pressroom.contract.params import Params
from pressroom.contract.pictures import Operation, Picture
from pressroom.contract.webhooks import JobWebhook, TargetUrl

ModelRef = Annotated[str, StringConstraints(min_length=1, max_length=129)]
"""A name, or a name and a version: ``vae-fashion``, ``vae-fashion@1.1.0``, ``vae-fashion@latest``."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MetadataValue = Annotated[str, StringConstraints(max_length=512)]

CampaignName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

StateName = Literal["queued", "running", "succeeded", "failed", "canceled", "expired"]
Kind = Literal["text", "image", "embedding", "moderation"]

MOST_TEXTS = 2_048

DEFAULT_DEADLINE_S = 3_600
DEFAULT_RESULT_TTL_S = 7 * 24 * 3_600


class Message(Wire):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Words


class JobInput(Wire):
    """What to work from: ``prompt`` or ``messages`` for a text model; for a picture model what its operation asks for: nothing
    for a sample, words for an icon, pictures for all others; ``texts`` for an embedding or a moderation."""

    prompt: Words | None = Field(
        None, description="A request to a text model, as one user message; or what an icon shows."
    )
    messages: tuple[Message, ...] | None = Field(
        None,
        min_length=1,
        max_length=64,
        strict=False,
        description="A conversation, ended by a user message.",
    )
    pictures: tuple[Picture, ...] | None = Field(
        None,
        min_length=1,
        max_length=2,
        strict=False,
        description="What a picture model works on: one picture, or the two ends of an interpolation.",
    )
    mask: Picture | None = Field(
        None,
        description="Of the size of the picture: what is white in it, or lighter than half, is painted anew.",
    )
    writing: Writing | None = Field(
        None,
        description="Copy by a template instead of a prompt, of a text model; the job tells the versions of template and voice, and the "
        "messages that came of it.",
    )
    texts: tuple[Words, ...] | None = Field(
        None,
        min_length=1,
        max_length=MOST_TEXTS,
        strict=False,
        description="What an embedding or a moderation is of: a row of numbers comes of each text.",
    )


class JobRequest(Wire):
    """``POST /v1/jobs``. ``params`` are checked against the kind of the model that is named."""

    model: ModelRef
    input: JobInput = Field(default_factory=JobInput)
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="TextParams, ImageParams or ReadingParams, by the kind of the model.",
    )
    priority: int = Field(5, ge=0, le=9, description="9 goes first among your own jobs.")
    deadline_s: int = Field(
        DEFAULT_DEADLINE_S, ge=1, le=7 * 24 * 3_600, description="Seconds from now; later the job ends."
    )
    result_ttl_s: int = Field(
        DEFAULT_RESULT_TTL_S,
        ge=60,
        le=90 * 24 * 3_600,
        description="How long a result is kept after the end; your policy may say so, and bounds it.",
    )
    metadata: dict[MetadataKey, MetadataValue] = Field(
        default_factory=dict, max_length=16, description="Yours; returned as it is."
    )
    webhook: JobWebhook | None = Field(
        None, description="Who is told of this job's end, besides your endpoints."
    )
    output_urls: tuple[TargetUrl, ...] | None = Field(
        None,
        min_length=1,
        max_length=256,
        strict=False,
        description="Where each output is put once the job has succeeded, the first one first: presigned URLs (https), "
        "which take a PUT of the output's bytes under its media type. It is tried as a webhook is.",
    )
    campaign: CampaignName | None = Field(
        None,
        description="What it is for: the usage tells of it, and its budget is charged where there is one.",
    )
    quote: str | None = Field(
        None,
        min_length=1,
        max_length=512,
        description="A quote for this very request, of `dry_run=true`: its price holds.",
    )


class ModelView(Wire):
    """The pinned model of a job."""

    name: str
    version: str
    sha256: str


class TokenView(Wire):
    """A token that the model had in mind."""

    id: int = Field(description="Its number in the model's vocabulary, as in `logit_bias`.")
    token: str = Field(description="What it stands for. Half a character is shown as one that is unknown.")
    bytes: tuple[int, ...] = Field(description="The same in UTF-8.")
    logprob: float = Field(
        description="The natural logarithm of its probability to the model, before any parameter changed it."
    )


class DrawnTokenView(TokenView):
    """A token of the text, also one that was cut off behind a stop string or the last sentence."""

    top: tuple[TokenView, ...] = Field((), description="The likeliest in its place, the likeliest first.")


class OutputView(Wire):
    """One piece of the result. Text stands in ``text``; the bytes of every output are at ``url``."""

    n: int
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    finish_reason: str
    url: str
    text: str | None = None
    width: int | None = None
    height: int | None = None
    label: str | None = None
    origin: Literal["generated", "retrieved"] | None = Field(
        None,
        description="Of a picture: whether a model made it, or it was found among drawings that people made.",
    )
    logprobs: tuple[DrawnTokenView, ...] | None = Field(
        None, description="Of a text, where it was asked for."
    )
    review: ReviewView | None = Field(None, description="Of a text that was written by a template.")


class Timings(Wire):
    """Milliseconds since the epoch; absent until it happened."""

    queued_at: int
    started_at: int | None = None
    first_output_at: int | None = None
    finished_at: int | None = None


class UsageView(Wire):
    """What the job cost, all attempts together; its price is that of the one that ended it."""

    tokens_in: int = 0
    tokens_out: int = 0
    engine_seconds: float = 0.0
    price: str | None = Field(
        None,
        description="What the job is charged by the price list of when it was accepted: a decimal number; "
        "null before its end.",
    )


class JobError(Wire):
    """Why a job ended without all of its result."""

    code: str
    message: str


class Links(Wire):
    """Where to go from here."""

    self_: str = Field(alias="self")
    events: str
    cancel: str


class JobView(Wire):
    """A job as its owner sees it."""

    id: str
    kind: Kind
    status: StateName
    model: ModelView
    input: JobInput
    params: Params
    seed: int | None = Field(None, description="Where anything is drawn: of texts and pictures.")
    priority: int
    metadata: dict[str, str]
    campaign: str | None = None
    attempt: int
    prompt_erased_at: int | None = Field(
        None, description="When your policy had the input erased; it is empty since."
    )
    requeue_of: str | None = Field(None, description="The job that this one was made of anew.")
    queue_position: int | None = Field(
        None, description="About how many jobs are served before it; 1 is next."
    )
    blocked_reason: str | None = Field(
        None, description="Why nothing happens, e.g. no live worker has the model."
    )
    cancel_requested: bool = False
    cancel_latency_ms: int | None = Field(
        None,
        description="Of a canceled job: milliseconds from when the cancel was accepted until its end was "
        "stored; the engine was free before that.",
    )
    finish_reason: str | None = None
    error: JobError | None = None
    outputs: tuple[OutputView, ...] = ()
    usage: UsageView
    timings: Timings
    deadline_at: int
    expires_at: int | None = Field(None, description="When the result is removed; set at the end.")
    links: Links


class JobPage(Wire):
    """``GET /v1/jobs``: newest first. Pass ``next`` as ``cursor`` for the following page."""

    items: tuple[JobView, ...]
    next: str | None = None


class ModelCard(Wire):
    """A model that jobs can be posted for."""

    name: str
    version: str
    sha256: str
    kind: Kind
    title: str
    description: str
    licence: str
    languages: tuple[str, ...]
    labels: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = Field(
        (), description="Of a picture model: what it can be asked to do."
    )
    attributes: tuple[str, ...] = Field((), description="What its `edit` gives more or less of.")
    context: int | None = Field(
        None, description="Most tokens of a prompt and its text; or of a text that is read."
    )
    dimensions: int | None = Field(None, description="Of an embedding model: numbers of a vector.")
    categories: tuple[str, ...] = Field((), description="What a moderation model tells the chance of.")
    chat: bool = Field(False, description="Of a text model: whether it takes `messages`, and answers them.")
    defaults: dict[str, Any]
    live_workers: int
    providers: tuple[str, ...] = Field(
        (), description="Execution providers of the live workers, e.g. cpu, cuda."
    )


class ModelList(Wire):
    """``GET /v1/models``."""

    items: tuple[ModelCard, ...]


class Health(Wire):
    """``GET /healthz``."""

    status: Literal["ok"] = "ok"


class Readiness(Wire):
    """``GET /readyz``: each dependency with ``ok`` or what is wrong."""

    status: Literal["ready", "not_ready"]
    database: str
    redis: str
    artifacts: str
    schema_: str = Field(alias="schema")
