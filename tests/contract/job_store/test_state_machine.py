"""Whatever is asked of a job store in whatever order, each job keeps to its states.

A machine of hypothesis (stateful testing) draws calls of front, workers, reaper and time; after each,
every job is looked at. ``STATES=500`` in the environment draws so many sequences of 60 calls.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.support.jobs import LEASE_MS, Timepiece, failure, live, new_job, partial, success

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.rows import Row
from pressroom.domain.errors import JobErased, KeyReused
from pressroom.domain.ids import new_id
from pressroom.domain.job import Claim, Held, Job, NewJob
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import TERMINAL, TRANSITIONS, State
from pressroom.jobs.ports import IdempotencyKey, JobStore, QueueLimits, Submitted

POLICY = RetryPolicy(errors_limit=2)
SEQUENCES = int(os.environ.get("STATES", "10"))
# Longer than any life here: nothing expires but by its deadline.
_LONG_S = 10**6


class Lives(RuleBasedStateMachine):
    """``store`` and ``clock`` are set by ``machine_over``. A pool and tenants of its own keep each example
    apart from the others."""

    store: JobStore
    clock: Timepiece
    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        name = new_id("job")[4:16]
        self.pool = f"p{name}"
        self.tenants = (f"a{name}", f"b{name}")
        self.seen: dict[str, Job] = {}
        self.owner: dict[str, str] = {}
        self.erased: set[str] = set()
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}  # tenant, key: body, job
        self.current: dict[str, Claim] = {}

    # -- the front ---------------------------------------------------------------------------
    @rule(
        target=jobs,
        who=strategies.integers(0, 1),
        key=strategies.sampled_from((None, None, "k1", "k2")),
        body=strategies.sampled_from("mn"),
        deadline_s=strategies.sampled_from((_LONG_S, _LONG_S, 90)),
    )
    def submit(self, who: int, key: str | None, body: str, deadline_s: int) -> Any:
        tenant = self.tenants[who]
        new = new_job(tenant, pool=self.pool, deadline_s=deadline_s, result_ttl_s=_LONG_S)
        wanted = IdempotencyKey(key, body * 64) if key is not None else None
        known = self.keys.get((tenant, key)) if key is not None else None
        if known is not None and known[0] != body:
            with pytest.raises(KeyReused):
                self.store.submit(new, wanted, QueueLimits())
            return multiple()
        if known is not None and known[1] in self.erased:
            with pytest.raises(JobErased):
                self.store.submit(new, wanted, QueueLimits())
            return multiple()
        submitted = self.store.submit(new, wanted, QueueLimits())
        if known is not None:
            assert (submitted.created, submitted.job.id) == (False, known[1])
            return multiple()
        assert submitted.created
        assert submitted.job.state is State.QUEUED
        if key is not None:
            self.keys[tenant, key] = (body, submitted.job.id)
        self.owner[submitted.job.id] = tenant
        self.seen[submitted.job.id] = submitted.job
        return submitted.job.id

    @rule(job=jobs)
    def cancel(self, job: str) -> None:
        if job in self.erased:
            with pytest.raises(JobErased):
                self.store.cancel(self.owner[job], job)
            return
        after = self.store.cancel(self.owner[job], job)
        assert after.terminal or after.cancel_requested

    @rule(job=jobs)
    def erase(self, job: str) -> None:
        if job in self.erased:
            with pytest.raises(JobErased):
                self.store.erase(self.owner[job], job)
            return
        self.store.erase(self.owner[job], job)
        self.erased.add(job)
        self.current.pop(job, None)

    # -- workers -----------------------------------------------------------------------------
    @rule(
        target=claims,
        worker=strategies.sampled_from("vw"),
        limit=strategies.integers(1, 3),
        idle=strategies.booleans(),
    )
    def claim(self, worker: str, limit: int, idle: bool) -> Any:
        claims = self.store.claim(
            worker=worker, pool=self.pool, models=[live()], limit=limit, lease_ms=LEASE_MS, idle=idle
        )
        assert len(claims) <= limit
        for claim in claims:
            before = self.seen[claim.job.id]
            assert before.state is State.QUEUED
            assert claim.attempt == before.attempt + 1
            assert claim.job.id not in self.erased
            self.current[claim.job.id] = claim
        if any(claim.alone for claim in claims):
            assert idle
            assert len(claims) == 1
        return multiple(*claims)

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        renewal = self.store.renew("v", [claim.held], LEASE_MS)
        if not self._is_current(claim):
            assert renewal.lost == {claim.held}

    @rule(claim=consumes(claims))
    def complete(self, claim: Claim) -> None:
        assert self.store.complete(claim.held, success()) == self._is_current(claim)
        self._over(claim)

    @rule(claim=claims, kind=strategies.sampled_from(FailureKind))
    def release(self, claim: Claim, kind: FailureKind) -> None:
        after = self.store.release(claim.held, failure(kind), partial(), POLICY)
        assert (after is not None) == self._is_current(claim)
        self._over(claim)

    @rule(claim=claims)
    def complete_twice(self, claim: Claim) -> None:
        """A worker whose first answer was lost."""
        current = self._is_current(claim)
        assert self.store.complete(claim.held, success()) == current
        assert not self.store.complete(claim.held, success())
        self._over(claim)

    # -- time and the reaper -----------------------------------------------------------------
    @rule(seconds=strategies.sampled_from((1, 5, 70)))
    def time_passes(self, seconds: int) -> None:
        """In steps that no reaper takes for an outage."""
        for _ in range(0, seconds, 5):
            self.clock.pass_ms(1_000 * min(seconds, 5))
            self.store.reap(POLICY)
        for job, claim in list(self.current.items()):
            row = self._row(job)
            if row is None or row.state is not State.RUNNING or row.attempt != claim.attempt:
                del self.current[job]

    # -- always ------------------------------------------------------------------------------
    @invariant()
    def each_job_keeps_to_its_states(self) -> None:
        found = {job.id: job for job in self.store.find(list(self.seen))}
        for job, before in list(self.seen.items()):
            now = found.get(job)
            if now is None:
                assert job in self.erased
                continue
            assert job not in self.erased
            if before.state in TERMINAL:
                assert (now.state, now.outputs, now.attempt, now.finished_at) == (
                    before.state,
                    before.outputs,
                    before.attempt,
                    before.finished_at,
                )
            elif now.state is not before.state:
                moves = {(before.state, now.state)} & set(TRANSITIONS)
                # Time may end an attempt and, in its next step, the job.
                through = {(before.state, State.QUEUED), (State.QUEUED, now.state)} <= set(TRANSITIONS)
                assert moves or through, f"{before.state} to {now.state}"
            assert before.attempt <= now.attempt <= before.attempt + 1
            assert before.crashes <= now.crashes
            assert now.errors <= POLICY.errors_limit
            assert now.attempt >= now.errors + now.crashes - (now.state is State.EXPIRED)
            assert bool(now.outputs) <= now.terminal
            assert (now.finished_at is not None) == now.terminal
            assert (now.state is State.SUCCEEDED) <= (len(now.outputs) == 1)
            self.seen[job] = now

    @invariant()
    def what_is_counted_is_there(self) -> None:
        queued = sum(job.state is State.QUEUED for id_, job in self.seen.items() if id_ not in self.erased)
        due = {each.pool: each.due for each in self.store.backlog()}.get(self.pool, 0)
        assert due <= queued

    # -- parts -------------------------------------------------------------------------------
    def _row(self, job: str) -> Job | None:
        found = self.store.find([job])
        return found[0] if found else None

    def _is_current(self, claim: Claim) -> bool:
        return self.current.get(claim.job.id) is claim

    def _over(self, claim: Claim) -> None:
        if self._is_current(claim):
            del self.current[claim.job.id]


def machine_over(store: JobStore, clock: Timepiece) -> type[Lives]:
    """A machine over this very store."""
    return type("LivesHere", (Lives,), {"store": store, "clock": clock})


def _run(store: JobStore, clock: Timepiece, phases: Sequence[Phase] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        machine_over(store, clock),
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=60,
            deadline=None,
            derandomize="STATES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
            phases=phases,
        ),
    )


def test_whatever_is_asked_each_job_keeps_to_its_states(store: JobStore, clock: Timepiece) -> None:
    _run(store, clock)


class Unfenced(MemoryJobStore):
    """Whoever had a job once may end it."""

    def _fenced(self, held: Held) -> Row | None:
        row = self._rows.get(held.job_id)
        return row if row is not None and row.job.state is State.RUNNING else None


class Forgetful(MemoryJobStore):
    """An idempotency key names nothing."""

    def submit(self, new: NewJob, key: IdempotencyKey | None, limits: QueueLimits) -> Submitted:
        return super().submit(new, None, limits)


class Restless(MemoryJobStore):
    """A cancel ends what has ended before."""

    def cancel(self, tenant: str, job_id: str) -> Job:
        row = self._row(tenant, job_id)
        if row.job.terminal:
            row.job = replace(row.job, state=State.CANCELED)
        return super().cancel(tenant, job_id)


@pytest.mark.parametrize("broken", [Unfenced, Forgetful, Restless])
def test_a_store_that_is_broken_is_found_out(broken: type[MemoryJobStore]) -> None:
    clock = Timepiece()
    with pytest.raises((AssertionError, ExceptionGroup, pytest.fail.Exception)):
        # The first sequence that shows it is enough: none is looked for that is shorter.
        _run(broken(clock, lease_ms=LEASE_MS), clock, (Phase.generate,))
