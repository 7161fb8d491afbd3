"""Jobs and models of the domain as the API shows them."""

from typing import Any, Literal

from pydantic import TypeAdapter

from pressroom.catalog.manifest import Manifest
from pressroom.contract.copy import ReviewView
from pressroom.contract.jobs import (
    DrawnTokenView,
    JobError,
    JobInput,
    JobView,
    Kind,
    Links,
    ModelCard,
    ModelView,
    OutputView,
    Timings,
    TokenView,
    UsageView,
)
from pressroom.contract.params import ImageParams, Params, ReadingParams, TextParams
from pressroom.domain.chances import TokenChance
from pressroom.domain.copy.review import Review
from pressroom.domain.job import Job, Output
from pressroom.domain.spending import told
from pressroom.domain.states import State
from pressroom.jobs.ports import LiveModel, Waiting

_KINDS: TypeAdapter[Kind] = TypeAdapter(Kind)


def job_url(job_id: str) -> str:
    """Path of a job in the API."""
    return f"/v1/jobs/{job_id}"


def job_view(job: Job, waiting: Waiting | None = None) -> JobView:
    """``waiting`` is given for queued jobs where it was asked for."""
    params = params_of(job)
    url = job_url(job.id)
    return JobView(
        id=job.id,
        kind=_KINDS.validate_python(job.kind),
        status=job.state.value,
        model=ModelView(name=job.model.name, version=job.model.version, sha256=job.model.sha256),
        input=JobInput.model_validate(dict(job.input)),
        params=params,
        seed=None if isinstance(params, ReadingParams) else params.seed or 0,
        priority=job.priority,
        metadata=dict(job.metadata),
        campaign=job.meter.campaign if job.meter is not None else None,
        attempt=job.attempt,
        prompt_erased_at=job.prompt_erased_at,
        requeue_of=job.requeue_of,
        queue_position=waiting.position if waiting is not None else None,
        blocked_reason=_blocked(job, waiting),
        cancel_requested=job.cancel_requested,
        cancel_latency_ms=job.cancel_latency_ms,
        finish_reason=job.finish_reason,
        error=JobError(code=job.error_code, message=job.error_message or "") if job.error_code else None,
        outputs=output_views(job),
        usage=usage_view(job),
        timings=Timings(
            queued_at=job.created_at,
            started_at=job.claimed_at,
            first_output_at=job.first_output_at,
            finished_at=job.finished_at,
        ),
        deadline_at=job.deadline_at,
        expires_at=job.expires_at,
        links=Links(self=url, events=f"{url}/events", cancel=f"{url}/cancel"),
    )


def params_of(job: Job) -> Params:
    """As the kind of its model has them."""
    match job.kind:
        case "text":
            return TextParams.model_validate(dict(job.params))
        case "image":
            return ImageParams.model_validate(dict(job.params))
    return ReadingParams.model_validate(dict(job.params))


def model_card(manifest: Manifest, live: tuple[tuple[LiveModel, int], ...]) -> ModelCard:
    """A model, and who runs this very version of it now."""
    running = [
        (model, workers)
        for model, workers in live
        if (model.name, model.version, model.sha256) == (manifest.name, manifest.version, manifest.sha256)
    ]
    return ModelCard(
        name=manifest.name,
        version=manifest.version,
        sha256=manifest.sha256,
        kind=manifest.kind,
        title=manifest.title,
        description=manifest.description,
        licence=manifest.licence,
        languages=manifest.languages,
        labels=manifest.image.labels if manifest.image is not None else (),
        operations=manifest.image.operations if manifest.image is not None else (),
        attributes=manifest.image.attributes if manifest.image is not None else (),
        context=read.context if (read := manifest.text or manifest.reading) is not None else None,
        dimensions=manifest.reading.dimensions or None if manifest.reading is not None else None,
        categories=manifest.reading.categories if manifest.reading is not None else (),
        chat=manifest.text is not None and manifest.text.chat,
        defaults=manifest.defaults,
        live_workers=sum(workers for _, workers in running),
        providers=tuple(sorted({model.provider for model, _ in running})),
    )


def _blocked(job: Job, waiting: Waiting | None) -> str | None:
    if job.state is not State.QUEUED or waiting is None or waiting.live_workers:
        return None
    if waiting.trouble is not None:
        return f"The workers of {job.model.name} take no jobs now: {waiting.trouble}"
    return f"No live worker has {job.model.name} {job.model.version}; the job waits until one starts."


def output_views(job: Job) -> tuple[OutputView, ...]:
    """All outputs of a job."""
    return tuple(_output_view(job_url(job.id), output, origin_of(job)) for output in job.outputs)


def usage_view(job: Job) -> UsageView:
    """What a job cost."""
    return UsageView(
        tokens_in=job.usage.tokens_in,
        tokens_out=job.usage.tokens_out,
        engine_seconds=job.usage.engine_ms / 1000,
        price=None if job.charged_nanos is None else told(job.charged_nanos),
    )


def origin_of(job: Job) -> Literal["generated", "retrieved"] | None:
    """Where a picture comes from. Nobody shall take a drawing that was found for one that a model made."""
    if job.kind != "image":
        return None
    return "retrieved" if job.params.get("operation") == "icon" else "generated"


def _output_view(url: str, output: Output, origin: Literal["generated", "retrieved"] | None) -> OutputView:
    return OutputView(
        n=output.n,
        media_type=output.media_type,
        size=output.size,
        sha256=output.sha256,
        finish_reason=output.finish_reason,
        url=f"{url}/outputs/{output.n}",
        text=output.text,
        width=output.width,
        height=output.height,
        label=output.label,
        origin=origin,
        logprobs=None if output.logprobs is None else tuple(map(_drawn_view, output.logprobs)),
        review=None if output.review is None else _review_view(output.review),
    )


def _review_view(review: Review) -> ReviewView:
    return ReviewView(
        rank=review.rank,
        score=review.score,
        likeness=review.likeness,
        needs_review=review.needed,
        findings=review.findings,
    )


def _drawn_view(chance: TokenChance) -> DrawnTokenView:
    return DrawnTokenView(
        **_token_fields(chance), top=tuple(TokenView(**_token_fields(each)) for each in chance.top)
    )


def _token_fields(chance: TokenChance) -> dict[str, Any]:
    return {
        "id": chance.id,
        "token": chance.spelling.decode(errors="replace"),
        "bytes": tuple(chance.spelling),
        "logprob": chance.logprob,
    }
