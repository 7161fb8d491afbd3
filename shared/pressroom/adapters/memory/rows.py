"""How the memory store keeps a job: what its owner sees, and what only the queue knows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pressroom.adapters.memory.spending import NOTHING_HELD, Holding
from pressroom.domain.job import Completion, Job, Output, Usage
from pressroom.domain.retry import Budget
from pressroom.domain.serving import Candidate
from pressroom.domain.spending import Amount, Charge, Delivered, Meter, charge
from pressroom.domain.states import State
from pressroom.jobs.ports import Erasure


@dataclass(frozen=True, slots=True)
class Key:
    """What an idempotency key named."""

    body_mac: str
    job_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Due:
    """An erasure and when it is to be done."""

    erasure: Erasure
    due_at: int


@dataclass(slots=True)
class Row:
    """A job with its lease. Times are milliseconds."""

    job: Job
    cost: float
    alone: bool = False
    worker: str | None = None
    lease_until: int = 0
    lease_ms: int = 0
    erased_at: int | None = None
    webhook: Mapping[str, Any] | None = None
    holding: Holding = NOTHING_HELD

    @property
    def order(self) -> tuple[int, int, str]:
        """Where it stands in its lane: priority, then age."""
        return (-self.job.priority, self.job.created_at, self.job.id)

    @property
    def api_key(self) -> str | None:
        return self.job.meter.api_key if self.job.meter is not None else None

    @property
    def budget(self) -> Budget:
        return Budget(self.job.errors, self.job.crashes)

    def runs(self, attempt: int) -> bool:
        """Whether this very attempt of it is running."""
        return self.job.state is State.RUNNING and self.job.attempt == attempt

    def due(self, now: int) -> bool:
        return self.job.state is State.QUEUED and self.job.due_at <= now < self.job.deadline_at

    def prompt_due(self, now: int) -> bool:
        """Whether its input is to be erased."""
        until = self.job.prompt_expires_at
        there = self.erased_at is None and self.job.prompt_erased_at is None
        return there and until is not None and until <= now

    def candidate(self, now: int) -> Candidate:
        return Candidate(self.job.id, self.cost, self.alone, now - self.job.due_at, self.api_key)

    def leave_worker(self) -> None:
        self.worker, self.lease_until, self.lease_ms = None, 0, 0

    def end(self, state: State, now: int, reason: str) -> None:
        """Move to a terminal state."""
        self.job = replace(
            self.job,
            state=state,
            finished_at=now,
            expires_at=now + self.job.result_ttl_s * 1000,
            finish_reason=reason,
        )
        self.leave_worker()

    def charged(self, delivered: Delivered) -> Charge:
        """What a job that has just ended is charged; it knows that itself from now on."""
        meter = self.job.meter or Meter()
        amount = charge(self.job.meter, delivered)
        self.job = replace(self.job, charged_nanos=amount.nanos)
        held = self.holding.budget is not None or self.holding.on_day
        return Charge(
            job_id=self.job.id,
            tenant=self.job.tenant,
            ended_at=self.job.finished_at or 0,
            accepted_at=self.job.created_at,
            model=self.job.model.name,
            state=self.job.state,
            delivered=delivered,
            engine_ms=self.job.usage.engine_ms,
            amount=amount,
            hold=meter.hold if held else Amount(),
            api_key=meter.api_key,
            campaign=meter.campaign,
            budget=self.holding.budget,
            on_day=self.holding.on_day,
        )

    def store(self, completion: Completion, code: str | None, message: str | None) -> None:
        """Add what an attempt left behind to a job that has just ended."""
        first = self.job.first_output_at
        if completion.first_output_ms is not None and self.job.claimed_at is not None:
            first = self.job.claimed_at + completion.first_output_ms
        self.job = replace(
            self.job,
            outputs=tuple(sorted(completion.outputs, key=_by_number)),
            usage=added(self.job.usage, completion.usage),
            first_output_at=first,
            error_code=code,
            error_message=message,
        )

    def empty(self, now: int) -> None:
        """Leave a tombstone."""
        self.job = replace(
            self.job,
            input={},
            params={},
            metadata={},
            outputs=(),
            finish_reason=None,
            error_code=None,
            error_message=None,
            expires_at=None,
        )
        self.erased_at = now
        self.webhook = None


def added(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.tokens_in + other.tokens_in, one.tokens_out + other.tokens_out, one.engine_ms + other.engine_ms
    )


def _by_number(output: Output) -> int:
    return output.n
