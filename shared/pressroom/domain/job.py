"""A job, its outputs and its numbers, as every part of Pressroom sees them.

Times named ``*_at`` are wall-clock milliseconds since the epoch by the database's clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pressroom.domain.chances import TokenChance
from pressroom.domain.copy.review import Review
from pressroom.domain.spending import Delivered, Meter
from pressroom.domain.states import TERMINAL, State


@dataclass(frozen=True, slots=True)
class Output:
    """One finished piece: text in the row, or an artifact's bytes in the artifact store.

    Exactly one of ``text`` and ``artifact`` (the store's path) is set. ``size`` is in bytes. ``logprobs``: each
    token of the text, where the job asked for it. ``review``: of one that was written by a template.
    """

    n: int
    media_type: str
    size: int
    sha256: str
    finish_reason: str
    text: str | None = None
    artifact: str | None = None
    width: int | None = None
    height: int | None = None
    label: str | None = None
    logprobs: tuple[TokenChance, ...] | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job has cost over all its attempts."""

    tokens_in: int = 0
    tokens_out: int = 0
    engine_ms: int = 0


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """The model that a job was accepted for; a later version never runs it unasked."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a submit stores: everything resolved, the seed drawn, the model pinned.

    ``prompt_ttl_s`` and ``events_ttl_s``: how long input and stream are kept after the end; None is with
    the result, and as long as all streams. ``webhook`` is who is told of the end besides the tenant's
    endpoints: ``url``, and ``events`` or None. ``batch`` and ``batch_row``: the row that it was. ``requeue_of``: the
    job that it is made of anew. ``meter``: on whose account it runs."""

    id: str
    tenant: str
    model: PinnedModel
    kind: str
    pool: str
    priority: int
    input: Mapping[str, Any]
    params: Mapping[str, Any]
    metadata: Mapping[str, str]
    deadline_s: int
    result_ttl_s: int
    prompt_ttl_s: int | None = None
    events_ttl_s: int | None = None
    request_id: str | None = None
    webhook: Mapping[str, Any] | None = None
    batch: str | None = None
    batch_row: int | None = None
    requeue_of: str | None = None
    meter: Meter | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A requested generation and all that has become of it. ``charged_nanos``: what it cost; None before its end."""

    id: str
    tenant: str
    model: PinnedModel
    kind: str
    pool: str
    state: State
    priority: int
    input: Mapping[str, Any]
    params: Mapping[str, Any]
    metadata: Mapping[str, str]
    created_at: int
    due_at: int
    deadline_at: int
    result_ttl_s: int
    attempt: int = 0
    errors: int = 0
    crashes: int = 0
    cancel_requested: bool = False
    cancel_requested_at: int | None = None
    claimed_at: int | None = None
    first_output_at: int | None = None
    finished_at: int | None = None
    expires_at: int | None = None
    finish_reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    requeue_of: str | None = None
    prompt_ttl_s: int | None = None
    events_ttl_s: int | None = None
    prompt_erased_at: int | None = None
    usage: Usage = field(default_factory=Usage)
    outputs: tuple[Output, ...] = ()
    meter: Meter | None = None
    charged_nanos: int | None = None

    @classmethod
    def accepted(cls, new: NewJob, now: int) -> "Job":
        """The job as a submit at ``now`` (milliseconds by the database's clock) stores it."""
        return cls(
            id=new.id,
            tenant=new.tenant,
            model=new.model,
            kind=new.kind,
            pool=new.pool,
            state=State.QUEUED,
            priority=new.priority,
            input=new.input,
            params=new.params,
            metadata=new.metadata,
            created_at=now,
            due_at=now,
            deadline_at=now + new.deadline_s * 1000,
            result_ttl_s=new.result_ttl_s,
            requeue_of=new.requeue_of,
            prompt_ttl_s=new.prompt_ttl_s,
            events_ttl_s=new.events_ttl_s,
            meter=new.meter,
        )

    def cache_s(self, most: int) -> int:
        """For how many seconds from its end a copy may be kept elsewhere; at most ``most``."""
        return min(each for each in (most, self.result_ttl_s, self.prompt_ttl_s) if each is not None)

    def again(self, job_id: str, request_id: str | None) -> NewJob:
        """The same once more under another id, with as much time; a row of a batch no more. Whom it calls
        back is not told by a job: that is for the store to add."""
        return NewJob(
            id=job_id,
            tenant=self.tenant,
            model=self.model,
            kind=self.kind,
            pool=self.pool,
            priority=self.priority,
            input=self.input,
            params=self.params,
            metadata=self.metadata,
            # A clock that was set may have moved the deadline.
            deadline_s=max(1, (self.deadline_at - self.created_at) // 1000),
            result_ttl_s=self.result_ttl_s,
            prompt_ttl_s=self.prompt_ttl_s,
            events_ttl_s=self.events_ttl_s,
            request_id=request_id,
            requeue_of=self.id,
            meter=self.meter,
        )

    @property
    def prompt_expires_at(self) -> int | None:
        """When the input is to be erased, in milliseconds; None: with the result, or not known before the end."""
        if self.prompt_ttl_s is None or self.finished_at is None:
            return None
        return self.finished_at + self.prompt_ttl_s * 1000

    @property
    def terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def cancel_latency_ms(self) -> int | None:
        """From a cancel that was accepted until the job had ended by it; None where no cancel ended it.

        By the database's clock, so that it may be off by what the clock was set meanwhile; never below 0."""
        if self.state is not State.CANCELED or self.cancel_requested_at is None or self.finished_at is None:
            return None
        return max(0, self.finished_at - self.cancel_requested_at)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker holds under a lease. ``attempt`` is the fencing token."""

    job: Job
    attempt: int
    alone: bool = False

    @property
    def held(self) -> "Held":
        return Held(self.job.id, self.attempt)


@dataclass(frozen=True, slots=True)
class Held:
    """Names a claim in a heartbeat or a commit."""

    job_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Completion:
    """How an attempt ended, ready to be stored under its fencing token.

    ``state`` is SUCCEEDED, FAILED or CANCELED; the outputs of the last two are partial.
    ``first_output_ms`` is the time from the claim to the first output.
    """

    state: State
    finish_reason: str
    outputs: tuple[Output, ...]
    usage: Usage
    first_output_ms: int | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def delivered(self) -> Delivered:
        """What its owner got of it."""
        pictures = sum(output.media_type.startswith("image/") for output in self.outputs)
        return Delivered(self.usage.tokens_in, self.usage.tokens_out, pictures)
