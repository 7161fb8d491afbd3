"""Feedback: what people think of a job's outputs, kept with the model's version and the seed that made them.

    rating, choice, edit, comment ──▶ held against the job's outputs ──▶ row ──▶ read by its tenant alone

It goes with the job's results: what is erased, or past its time, has no feedback any more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pressroom.contract.feedback import Decision
from pressroom.domain.errors import InputInvalid, NothingToRate, TooMuchFeedback
from pressroom.domain.ids import new_id
from pressroom.domain.job import Job
from pressroom.domain.times import wall_ms
from pressroom.jobs.fetch import Fetcher

MOST_A_JOB = 100
_PREFIX = "fbk"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody says. ``output`` is what ``rating`` and ``edited`` are about; outputs count from 0."""

    output: int = 0
    rating: int | None = None
    chosen: int | None = None
    edited: str | None = None
    comment: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """An opinion of a job. ``created_at`` in milliseconds since the epoch."""

    id: str
    tenant: str
    job_id: str
    created_at: int
    model_name: str
    model_version: str
    model_sha256: str
    seed: int | None
    output: int
    rating: int | None
    chosen: int | None
    edited: str | None
    comment: str | None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """Newest first. ``next`` continues behind the last one."""

    items: tuple[Feedback, ...]
    next: str | None


class FeedbackStore(Protocol):
    """Rows of feedback. Those of an erased job are gone."""

    def add(self, feedback: Feedback, most: int) -> None:
        """Raises TooMuchFeedback where the job has ``most``, JobErased where it was erased meanwhile, JobUnknown."""

    def of_job(self, tenant: str, job_id: str) -> tuple[Feedback, ...]:
        """The oldest first."""

    def page(self, tenant: str, *, cursor: str | None, limit: int) -> FeedbackPage:
        """Of all jobs. Raises CursorInvalid."""

    def decisions(self, tenant: str, job_ids: Sequence[str]) -> Mapping[str, Feedback]:
        """The newest feedback with a decision, of each of these jobs that has one."""


class Feedbacks:
    """Takes and shows feedback. Thread-safe."""

    def __init__(
        self, store: FeedbackStore, fetcher: Fetcher, *, wall_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._wall_ms = wall_ms

    def give(self, tenant: str, job_id: str, opinion: Opinion) -> Feedback:
        """Keep it. Raises JobUnknown, JobErased, NothingToRate, InputInvalid, TooMuchFeedback, DatabaseUnavailable."""
        job = self._fetcher.job(tenant, job_id)
        _check(job, opinion)
        feedback = Feedback(
            id=new_id(_PREFIX),
            tenant=tenant,
            job_id=job.id,
            created_at=self._wall_ms(),
            model_name=job.model.name,
            model_version=job.model.version,
            model_sha256=job.model.sha256,
            seed=job.params.get("seed"),
            output=opinion.output,
            rating=opinion.rating,
            chosen=opinion.chosen,
            edited=opinion.edited,
            comment=opinion.comment,
            decision=opinion.decision,
        )
        self._store.add(feedback, MOST_A_JOB)
        return feedback

    def of_job(self, tenant: str, job_id: str) -> tuple[Feedback, ...]:
        """The oldest first. Raises JobUnknown, JobErased, DatabaseUnavailable."""
        self._fetcher.job(tenant, job_id)
        return self._store.of_job(tenant, job_id)

    def decisions(self, tenant: str, job_ids: Sequence[str]) -> Mapping[str, Feedback]:
        """What was decided last of each of these jobs; those of which nothing was are left out. Raises DatabaseUnavailable."""
        return self._store.decisions(tenant, job_ids)

    def page(self, tenant: str, *, cursor: str | None, limit: int) -> FeedbackPage:
        """Of all the tenant's jobs, newest first. Raises CursorInvalid, DatabaseUnavailable."""
        return self._store.page(tenant, cursor=cursor, limit=limit)


def _check(job: Job, opinion: Opinion) -> None:
    if not job.terminal:
        raise NothingToRate("This job has not ended yet. Wait until it has, then say what you think of it.")
    if not job.outputs:
        raise NothingToRate("This job has no outputs that an opinion could be about.")
    numbers = {output.n: output for output in job.outputs}
    for field, number in (("output", opinion.output), ("chosen", opinion.chosen)):
        if number is not None and number not in numbers:
            raise InputInvalid(
                f"This job has no output {number}: it has {len(numbers)}, counted from 0.", field=field
            )
    if opinion.chosen is not None and len(numbers) == 1:
        raise InputInvalid("There was one output: nothing was chosen from. Give a rating.", field="chosen")
    if opinion.edited is not None and numbers[opinion.output].text is None:
        raise InputInvalid("This output is a picture: only a text can be edited.", field="edited")
    if opinion.edited is not None and "\x00" in opinion.edited:
        raise InputInvalid("A text has no character NUL.", field="edited")


def too_much(most: int) -> TooMuchFeedback:
    return TooMuchFeedback(f"This job has {most} feedbacks, which is all that it can have.")
