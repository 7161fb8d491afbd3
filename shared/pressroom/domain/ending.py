"""Where a job goes when an attempt ends without a result: the retry decision, and a cancel above it."""

from dataclasses import dataclass

from pressroom.domain.retry import Budget, Failure, FailureKind, RetryPolicy, decide
from pressroom.domain.states import State

WORKER_LOST = Failure(
    FailureKind.CRASH,
    "worker_lost",
    "The worker that ran this job fell silent, alone with it; the job is not tried again.",
)
TOO_LATE = Failure(
    FailureKind.DEADLINE,
    "deadline_exceeded",
    "The deadline of this job passed before it was done. Allow it more time with deadline_s.",
)
NEVER_RAN = "The deadline of this job passed while it was queued. Allow it more time with deadline_s."


@dataclass(frozen=True, slots=True)
class Next:
    """``state`` is QUEUED (due after ``delay_ms``), FAILED or CANCELED.

    ``alone`` says that the next attempt gets a worker to itself. ``code`` and ``message`` are
    None unless the job failed."""

    state: State
    budget: Budget
    delay_ms: int = 0
    alone: bool = False
    code: str | None = None
    message: str | None = None


def next_state(
    failure: Failure, budget: Budget, *, ran_alone: bool, cancel_requested: bool, policy: RetryPolicy
) -> Next:
    """A cancel that was asked for wins over everything that is not a result."""
    verdict = decide(failure, budget, ran_alone=ran_alone, policy=policy)
    if cancel_requested:
        return Next(State.CANCELED, verdict.budget)
    if verdict.again:
        return Next(State.QUEUED, verdict.budget, verdict.delay_ms, policy.runs_alone(verdict.budget))
    return Next(State.FAILED, verdict.budget, code=verdict.code, message=verdict.message)
