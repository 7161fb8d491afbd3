"""Where a job goes after an attempt without a result."""

from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.ending import TOO_LATE, WORKER_LOST, next_state
from pressroom.domain.retry import Budget, Failure, FailureKind, RetryPolicy, decide
from pressroom.domain.states import State

POLICY = RetryPolicy()
budgets = st.builds(Budget, st.integers(0, 5), st.integers(0, 5))
failures = st.builds(Failure, st.sampled_from(FailureKind), st.just("code"), st.just("message"))


@given(failures, budgets, st.booleans())
def test_a_cancel_wins_over_everything(failure: Failure, budget: Budget, alone: bool) -> None:
    after = next_state(failure, budget, ran_alone=alone, cancel_requested=True, policy=POLICY)
    assert (after.state, after.code, after.message) == (State.CANCELED, None, None)


@given(failures, budgets, st.booleans())
def test_without_a_cancel_the_verdict_stands(failure: Failure, budget: Budget, alone: bool) -> None:
    verdict = decide(failure, budget, ran_alone=alone, policy=POLICY)
    after = next_state(failure, budget, ran_alone=alone, cancel_requested=False, policy=POLICY)
    assert after.state is (State.QUEUED if verdict.again else State.FAILED)
    assert after.budget == verdict.budget
    if verdict.again:
        assert (after.delay_ms, after.code) == (verdict.delay_ms, None)
        assert after.alone is POLICY.runs_alone(verdict.budget)
    else:
        assert (after.code, after.message) == (verdict.code, verdict.message)


def test_what_the_reaper_says_fits_what_it_does() -> None:
    assert WORKER_LOST.kind is FailureKind.CRASH
    assert TOO_LATE.kind is FailureKind.DEADLINE
