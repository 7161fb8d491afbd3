"""Between a claim and the engine: a stored job becomes a Generation, an Outcome becomes a Result.

Nothing here touches the outside: times and pictures' bytes are worked out, not stored.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pressroom.contract.copy import Writing
from pressroom.contract.jobs import JobInput
from pressroom.contract.params import ImageParams, ReadingParams, TextParams
from pressroom.domain.job import Claim, Completion, Job, Output, Usage
from pressroom.domain.retry import Failure, FailureKind
from pressroom.domain.states import State
from pressroom.engines import base
from pressroom.jobs.attempts import Result
from pressroom.jobs.judging import Likeness, Written, by_words, judge
from pressroom.jobs.numbers import NUMBERS, written
from pressroom.jobs.packs import Content
from pressroom.telemetry import get_logger
from pressroom.worker.holdings import Abandoned, Holding
from pressroom.worker.pictures import Given

if TYPE_CHECKING:
    from pressroom.engines.image.encode import PictureFile

_TEXT = "text/plain; charset=utf-8"
_CANCELED = "canceled"
# As the column in the database.
_MOST_LABEL = 64


@dataclass(frozen=True, slots=True)
class Complete:
    """The job ends with this result."""

    result: Result


@dataclass(frozen=True, slots=True)
class Release:
    """The attempt ends without a result; ``partial`` is kept if the job ends with it."""

    failure: Failure
    partial: Result


@dataclass(frozen=True, slots=True)
class Drop:
    """The job is another's: nothing is stored."""


Closing = Complete | Release | Drop


def weight(job: Job) -> int:
    """Slots of the engine that the job takes: a text output decodes in one of its own, while a
    picture job has one place in a batch however many pictures it wants."""
    n: Any = job.params.get("n", 1)
    return n if job.kind == "text" and isinstance(n, int) else 1


def generation_of(
    claim: Claim,
    now: float,
    *,
    chats: bool = True,
    given: Given = Given(),  # noqa: B008 (it is frozen)
) -> base.Generation:
    """What the engine is asked for. ``now`` is the moment of the claim in ``time.monotonic`` seconds.

    A prompt is one message of a conversation; a model that does not chat (``chats``) continues it. ``given``: the pixels that
    a picture job works on.

    The deadline is measured from the claim by the database's clock, so that this host's does not
    matter. Raises ValueError for a job that this version cannot read."""
    job = claim.job
    key = base.Key(job.id, claim.attempt)
    claimed_at = job.claimed_at if job.claimed_at is not None else job.due_at
    deadline = now + (job.deadline_at - claimed_at) / 1000
    if job.kind == "image":
        params_of_picture = ImageParams.model_validate(dict(job.params))
        words = job.input.get("prompt") or ""
        return base.ImageGeneration(
            key, params_of_picture, deadline, job.model.sha256, given.pictures, given.mask, words
        )
    said = JobInput.model_validate(dict(job.input))
    if job.kind != "text":
        if not said.texts:
            raise ValueError(f"{job.id} has no texts")
        reading = ReadingParams.model_validate(dict(job.params))
        return base.ReadingGeneration(key, reading, said.texts, deadline, job.model.sha256)
    params = TextParams.model_validate(dict(job.params))
    prompt = None
    if said.messages:
        turns = tuple(base.ChatTurn(message.role, message.content) for message in said.messages)
    elif said.prompt and not chats:
        prompt = said.prompt
        turns = ()
    elif said.prompt:
        turns = (base.ChatTurn("user", said.prompt),)
    else:
        raise ValueError(f"{job.id} has neither a prompt nor messages")
    return base.TextGeneration(
        key,
        params,
        prompt=prompt,
        messages=turns,
        deadline=deadline,
        scope=job.tenant,
        priority=job.priority,
        model=job.model.sha256,
    )


def unreadable(error: ValueError) -> Failure:
    """For a job that ``generation_of`` refused."""
    return Failure(
        FailureKind.PERMANENT,
        "job_unreadable",
        f"This worker cannot read the job ({type(error).__name__}). Post it again.",
    )


def nothing() -> Result:
    """An attempt that left nothing behind."""
    return Result(Completion(State.FAILED, "error", (), Usage()))


def closing(holding: Holding, outcome: base.Outcome, likeness: Likeness = by_words) -> Closing:
    """What an outcome means for its job."""
    claim = holding.claim
    match outcome.ending:
        case base.Ending.DONE:
            return Complete(_result(holding, outcome, likeness, State.SUCCEEDED, _reason(outcome)))
        case base.Ending.CANCELED:
            return Complete(_result(holding, outcome, likeness, State.CANCELED, _CANCELED))
        case base.Ending.DEADLINE:
            failure = Failure(
                FailureKind.DEADLINE,
                "deadline_exceeded",
                "The deadline of this job passed before it was done. Ask for less, or give it more time.",
            )
            return Release(failure, _result(holding, outcome, likeness, State.FAILED, "deadline"))
        case base.Ending.FAILED:
            error = outcome.error or base.GenerationFailed("The model failed on this request.")
            kind = FailureKind.ERROR if error.retryable else FailureKind.PERMANENT
            partial = _result(holding, outcome, likeness, State.FAILED, "error")
            return Release(Failure(kind, error.code, str(error)), partial)
        case base.Ending.GIVEN_BACK:
            failure = Failure(
                FailureKind.DRAIN,
                "engine_out_of_memory",
                "The engine had no memory for this job beside others.",
            )
            return Release(failure, Result(Completion(State.FAILED, "error", (), _usage(outcome))))
        case base.Ending.ABANDONED:
            return abandoned(claim, holding.abandoned, _usage(outcome))


def abandoned(claim: Claim, why: Abandoned | None, usage: Usage) -> Closing:
    """The worker took it back. Its text is dropped: another attempt writes it anew."""
    empty = Result(Completion(State.FAILED, "error", (), usage))
    match why:
        case Abandoned.LOST:
            return Drop()
        case Abandoned.BROKEN:
            return Release(
                Failure(FailureKind.CRASH, "worker_lost", "The engine died while it ran this job."), empty
            )
        case _:
            return Release(Failure(FailureKind.DRAIN, "drained", "The worker was stopped."), empty)


def _result(holding: Holding, outcome: base.Outcome, likeness: Likeness, state: State, reason: str) -> Result:
    job, attempt = holding.claim.job, holding.claim.attempt
    outputs = _texts(job, outcome, likeness)
    contents = []
    for index, label, finish_reason, file in _files(job, outcome.images):
        path = f"{job.id}/{attempt}/{index}.{file.format}"
        contents.append(Content(path, file.data, file.media_type))
        outputs.append(_picture(index, label, finish_reason, file, path))
    if outcome.numbers is not None:
        path = f"{job.id}/{attempt}/0.json"
        contents.append(Content(path, written(outcome.numbers), NUMBERS))
        outputs.append(_output(0, NUMBERS, contents[-1].data, "done", path))
    first = outcome.first_output
    return Result(
        Completion(
            state=state,
            finish_reason=reason,
            outputs=tuple(outputs),
            usage=_usage(outcome),
            first_output_ms=None if first is None else max(0, round((first - holding.taken_at) * 1000)),
        ),
        tuple(contents),
    )


def _reason(outcome: base.Outcome) -> str:
    """Of all outputs together: ``length`` if any was cut there, else what the first one says."""
    reasons = [text.finish_reason for text in outcome.texts]
    reasons += [image.finish_reason for image in outcome.images]
    return "length" if "length" in reasons else (reasons[0] if reasons else "done")


def _texts(job: Job, outcome: base.Outcome, likeness: Likeness) -> list[Output]:
    """Those that were written by a template are held against its facts, and put in order."""
    outputs = [_text(text) for text in outcome.texts]
    if not job.input.get("writing"):
        return outputs
    writing = Writing.model_validate(job.input["writing"])
    params, written = TextParams.model_validate(dict(job.params)), [*map(_written, outcome.texts)]
    try:
        reviews = judge(writing, params, written, likeness)
    except Exception as error:  # an embedding model that cannot be opened costs nobody a text
        get_logger(__name__).warning("likeness_by_words", job=job.id, reason=str(error))
        reviews = judge(writing, params, written)
    # Their chances were for this: nobody has asked to keep them.
    return [replace(each, logprobs=None, review=reviews.get(each.n)) for each in outputs]


def _written(text: base.TextOutput) -> Written:
    return Written(text.index, text.text, text.logprobs or (), whole=text.finish_reason == "stop")


def _text(text: base.TextOutput) -> Output:
    data = text.text.encode()
    return Output(
        n=text.index,
        media_type=_TEXT,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        finish_reason=text.finish_reason,
        text=text.text,
        logprobs=text.logprobs,
    )


def _files(
    job: Job, images: Sequence[base.ImageOutput]
) -> "Iterator[tuple[int, str | None, str, PictureFile]]":
    """Index, label, finish reason and file of each picture, or of the sheet that holds them all."""
    if not images:
        return
    from pressroom.engines.image.encode import (
        encode_all,
        encode_sheet,
    )  # a text worker needs no picture library

    params = ImageParams.model_validate(dict(job.params))
    if params.sheet:
        label = params.label or _all_of(images)
        yield 0, label, images[0].finish_reason, encode_sheet(images, params.scale, params.format)
        return
    for image, file in zip(images, encode_all(images, params.scale, params.format), strict=True):
        yield image.index, image.label, image.finish_reason, file


def _all_of(images: Sequence[base.ImageOutput]) -> str | None:
    """What is on a sheet: the first of them, and as many more as a label has room for; then how many are left."""
    labels = list(dict.fromkeys(image.label for image in images if image.label))
    for shown in range(len(labels), 0, -1):
        left = len(labels) - shown
        told = ", ".join(labels[:shown]) + (f" and {left} more" if left else "")
        if len(told) <= _MOST_LABEL:
            return told
    return labels[0][:_MOST_LABEL] if labels else None


def _picture(index: int, label: str | None, finish_reason: str, file: "PictureFile", path: str) -> Output:
    output = _output(index, file.media_type, file.data, finish_reason, path)
    return replace(output, width=file.width, height=file.height, label=label)


def _output(index: int, media_type: str, data: bytes, finish_reason: str, path: str) -> Output:
    return Output(
        n=index,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        finish_reason=finish_reason,
        artifact=path,
    )


def _usage(outcome: base.Outcome) -> Usage:
    used = outcome.usage
    return Usage(used.tokens_in, used.tokens_out, round(used.engine_seconds * 1000))
