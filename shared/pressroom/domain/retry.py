"""The one place that decides whether a failed attempt is tried again.

An attempt number only fences. What runs out are two budgets: *errors* (the engine or the worker
said so) and *crashes* (the lease ran out: the process died or hung). A drain counts as neither.
A job that has crashed twice is tried alone, so that it cannot take batch-mates with it again;
only a crash while alone proves that the job itself is the cause.
"""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What ended an attempt before its result."""

    ERROR = "error"
    PERMANENT = "permanent"
    CRASH = "crash"
    DRAIN = "drain"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Failure:
    """``code`` and ``message`` are what the client reads if the job ends failed."""

    kind: FailureKind
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What a job has used up so far."""

    errors: int = 0
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits, and the pause before another try: ``first_delay_ms`` doubled each time, up to ``last_delay_ms``."""

    errors_limit: int = 3
    crashes_before_alone: int = 2
    first_delay_ms: int = 1_000
    last_delay_ms: int = 60_000

    def runs_alone(self, budget: Budget) -> bool:
        """Whether the next attempt gets a worker to itself."""
        return budget.crashes >= self.crashes_before_alone


@dataclass(frozen=True, slots=True)
class Verdict:
    """``again``: queue it once more after ``delay_ms``; else it has failed with ``code`` and ``message``."""

    again: bool
    budget: Budget
    delay_ms: int
    code: str
    message: str


def decide(failure: Failure, budget: Budget, *, ran_alone: bool, policy: RetryPolicy) -> Verdict:
    """Weigh a failure against what the job has used up."""

    def verdict(again: bool, used: Budget, delay_ms: int = 0, code: str = failure.code) -> Verdict:
        return Verdict(again, used, delay_ms, code, failure.message)

    match failure.kind:
        case FailureKind.DRAIN:
            return verdict(True, budget)
        case FailureKind.PERMANENT | FailureKind.DEADLINE:
            return verdict(False, budget)
        case FailureKind.ERROR:
            used = Budget(budget.errors + 1, budget.crashes)
            if used.errors >= policy.errors_limit:
                return verdict(False, used)
            delay = min(policy.first_delay_ms * 2 ** (used.errors - 1), policy.last_delay_ms)
            return verdict(True, used, delay)
        case FailureKind.CRASH:
            used = Budget(budget.errors, budget.crashes + 1)
            if ran_alone:
                return verdict(False, used, code="dead_letter")
            return verdict(True, used)
