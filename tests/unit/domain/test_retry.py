"""When a failed attempt is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.retry import Budget, Failure, FailureKind, RetryPolicy, decide

POLICY = RetryPolicy()
budgets = st.builds(Budget, st.integers(0, 50), st.integers(0, 50))
kinds = st.sampled_from(FailureKind)
policies = st.builds(
    RetryPolicy, st.integers(1, 10), st.integers(1, 10), st.integers(1, 5_000), st.integers(5_000, 100_000)
)


def _failure(kind: FailureKind) -> Failure:
    return Failure(kind, "code", "message")


@given(kinds, budgets, st.booleans(), policies)
def test_a_budget_never_shrinks_and_a_pause_is_bounded(
    kind: FailureKind, budget: Budget, alone: bool, policy: RetryPolicy
) -> None:
    verdict = decide(_failure(kind), budget, ran_alone=alone, policy=policy)
    assert verdict.budget.errors >= budget.errors
    assert verdict.budget.crashes >= budget.crashes
    assert 0 <= verdict.delay_ms <= policy.last_delay_ms
    assert verdict.message == "message"


@given(budgets, st.booleans())
def test_a_drain_is_always_tried_again_and_costs_nothing(budget: Budget, alone: bool) -> None:
    verdict = decide(_failure(FailureKind.DRAIN), budget, ran_alone=alone, policy=POLICY)
    assert (verdict.again, verdict.budget, verdict.delay_ms) == (True, budget, 0)


@given(st.sampled_from([FailureKind.PERMANENT, FailureKind.DEADLINE]), budgets, st.booleans())
def test_what_cannot_get_better_is_not_tried_again(kind: FailureKind, budget: Budget, alone: bool) -> None:
    verdict = decide(_failure(kind), budget, ran_alone=alone, policy=POLICY)
    assert (verdict.again, verdict.budget, verdict.code) == (False, budget, "code")


@given(policies, st.booleans())
def test_errors_end_at_the_limit_and_pauses_double(policy: RetryPolicy, alone: bool) -> None:
    budget, delays = Budget(), []
    for _ in range(policy.errors_limit - 1):
        verdict = decide(_failure(FailureKind.ERROR), budget, ran_alone=alone, policy=policy)
        assert verdict.again
        delays.append(verdict.delay_ms)
        budget = verdict.budget
    assert not decide(_failure(FailureKind.ERROR), budget, ran_alone=alone, policy=policy).again
    assert delays == [min(policy.first_delay_ms * 2**n, policy.last_delay_ms) for n in range(len(delays))]


@given(budgets)
def test_only_a_crash_while_alone_proves_the_job_guilty(budget: Budget) -> None:
    beside_others = decide(_failure(FailureKind.CRASH), budget, ran_alone=False, policy=POLICY)
    alone = decide(_failure(FailureKind.CRASH), budget, ran_alone=True, policy=POLICY)
    assert (beside_others.again, beside_others.budget.crashes) == (True, budget.crashes + 1)
    assert (alone.again, alone.code, alone.budget.crashes) == (False, "dead_letter", budget.crashes + 1)


@given(budgets, policies)
def test_alone_after_so_many_crashes(budget: Budget, policy: RetryPolicy) -> None:
    assert policy.runs_alone(budget) is (budget.crashes >= policy.crashes_before_alone)
