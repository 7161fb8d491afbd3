"""Two who want the same thing at the same moment: exactly one gets it, whoever that is.

``RACES=1000`` in the environment (``make races``) runs each race so often; how often each side won is
added to the file that ``RACES_OUT`` names. The sides start together, each a random moment late.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial as call
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, card, failure, live, new_job, partial, success, text_output

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import output
from pressroom.domain.errors import JobErased, NotThere
from pressroom.domain.ids import new_id
from pressroom.domain.job import Completion
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.ports import IdempotencyKey, QueueLimits

POLICY = RetryPolicy()
ROUNDS = int(os.environ.get("RACES", "25"))
# From so many rounds on, a race that always ends the same way is none.
ENOUGH = 1_000
LATE_S = 0.02

pytestmark = pytest.mark.timeout(max(120, ROUNDS))
_threads = ThreadPoolExecutor(16)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls in threads that start together, nearly; their answers in order."""
    gate = threading.Barrier(len(calls))

    def run(wanted: Callable[[], Any]) -> Any:
        gate.wait()
        # Mostly a little, now and then enough for the slower side to be the first.
        time.sleep(random.random() ** 3 * LATE_S)
        return wanted()

    futures = [_threads.submit(run, wanted) for wanted in calls]
    # All of them, also where one has failed: nobody is to be at work when the test ends.
    wait(futures, timeout=60)
    return [future.result(timeout=0) for future in futures]


@pytest.fixture
def won(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """How often each side won, for the record."""
    seen: Counter[str] = Counter()
    yield seen
    if ROUNDS >= ENOUGH:
        assert len(seen) > 1, f"only one side ever won: {seen}"
    if path := os.environ.get("RACES_OUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"race": request.node.name, "rounds": sum(seen.values()), **seen}) + "\n")


def test_many_claimers_share_the_queue_without_overlap(desk: Desk) -> None:
    wanted = {desk.submit(f"tenant-{n % 5}").id for n in range(60)}
    claimed: list[str] = []

    def work(worker: str) -> list[str]:
        mine = []
        while claims := desk.claim(3, worker=worker):
            mine += [claim.job.id for claim in claims]
            assert {claim.attempt for claim in claims} == {1}
        return mine

    for found in at_once(*[call(work, f"worker-{n}") for n in range(4)]):
        claimed += found
    assert Counter(claimed) == Counter(wanted)


def test_two_claimers_of_one_job(desk: Desk, won: Counter[str]) -> None:
    for _ in range(ROUNDS):
        desk.submit()
        found = at_once(call(desk.claim, worker="a"), call(desk.claim, worker="b"))
        assert sorted(map(len, found)) == [0, 1]
        won["first" if found[0] else "second"] += 1


def test_a_cancel_against_a_claim(desk: Desk, won: Counter[str]) -> None:
    for _ in range(ROUNDS):
        job = desk.submit()
        seen, claims = at_once(call(desk.store.cancel, "acme", job.id), desk.claim)
        after = desk.store.job("acme", job.id)
        won["claim" if claims else "cancel"] += 1
        # Who canceled was told what came of it.
        assert (seen.state, seen.cancel_requested) == (after.state, after.cancel_requested)
        if claims:
            assert (after.state, after.cancel_requested) == (State.RUNNING, True)
            held = claims[0].held
            assert desk.store.renew("worker-1", [held], LEASE_MS).canceled == {held}
            desk.store.complete(held, success())
        else:
            assert after.state is State.CANCELED
            assert desk.claim() == []


def test_an_erase_against_a_claim(desk: Desk, won: Counter[str]) -> None:
    for _ in range(ROUNDS):
        job = desk.submit()
        _, claims = at_once(call(desk.store.erase, "acme", job.id), desk.claim)
        won["claim" if claims else "erase"] += 1
        with pytest.raises(JobErased):
            desk.store.job("acme", job.id)
        for claim in claims:
            assert desk.store.renew("worker-1", [claim.held], LEASE_MS).lost == {claim.held}
            assert not desk.store.complete(claim.held, success())
        assert desk.claim() == []
        assert len([each for each in desk.store.due_erasures(9_999) if each.job_id == job.id]) >= 1
        desk.store.erasures_done(desk.store.due_erasures())


def test_a_cancel_against_a_commit(desk: Desk, won: Counter[str]) -> None:
    for _ in range(ROUNDS):
        claim = desk.running()
        seen, stored = at_once(
            call(desk.store.cancel, "acme", claim.job.id),
            call(desk.store.complete, claim.held, success()),
        )
        assert stored is True
        assert seen.state in (State.RUNNING, State.SUCCEEDED)
        won["cancel" if seen.state is State.RUNNING else "commit"] += 1
        assert desk.store.job("acme", claim.job.id).state is State.SUCCEEDED


def test_an_erase_against_a_commit(database: Database, won: Counter[str]) -> None:
    desk = Desk(SqlJobStore(database))
    for _ in range(ROUNDS):
        claim = desk.running()
        _, stored = at_once(
            call(desk.store.erase, "acme", claim.job.id), call(desk.store.complete, claim.held, success())
        )
        won["commit" if stored else "erase"] += 1
        assert desk.store.find([claim.job.id]) == ()
        written = select(func.count()).where(output.c.job_id == claim.job.id)
        assert database.read(lambda connection: connection.scalar(written)) == 0  # noqa: B023 (called at once)
        with pytest.raises(JobErased):
            desk.store.job("acme", claim.job.id)


def test_two_endings_of_one_attempt(desk: Desk, won: Counter[str]) -> None:
    for _ in range(ROUNDS):
        claim = desk.running()
        endings: Sequence[Completion] = (
            success(text_output(0, "one")),
            success(text_output(0, "two")),
            partial(text_output(0, "three")),
        )
        stored = at_once(*[call(desk.store.complete, claim.held, ending) for ending in endings])
        assert stored.count(True) == 1
        winner = endings[stored.index(True)]
        won[f"ending {stored.index(True)}"] += 1
        job = desk.store.job("acme", claim.job.id)
        assert (job.state, job.outputs, job.usage) == (winner.state, winner.outputs, winner.usage)


def test_a_commit_against_a_release(desk: Desk, won: Counter[str]) -> None:
    for _ in range(ROUNDS):
        claim = desk.running()
        stored, state = at_once(
            call(desk.store.complete, claim.held, success()),
            call(desk.store.release, claim.held, failure(FailureKind.PERMANENT), partial(), POLICY),
        )
        assert (stored, state) in ((True, None), (False, State.FAILED))
        won["commit" if stored else "release"] += 1


def test_the_reaper_against_a_heartbeat(database: Database, won: Counter[str]) -> None:
    store = SqlJobStore(database, lease_ms=LEASE_MS)
    desk = Desk(store)
    for _ in range(ROUNDS):
        job = desk.submit()
        (claim,) = desk.claim(lease_ms=0)  # it has run out already
        renewal, reaped = at_once(
            call(store.renew, "worker-1", [claim.held], LEASE_MS), call(store.reap, POLICY)
        )
        after = store.job("acme", job.id)
        won["reaper" if renewal.lost else "heartbeat"] += 1
        if renewal.lost:
            assert reaped.requeued == (job.id,)
            assert after.state is State.QUEUED
        else:
            # Either the heartbeat came first, or the reaper skipped a row that it held.
            assert reaped.requeued == ()
            assert after.state is State.RUNNING
        store.erase("acme", job.id)


def test_the_reaper_against_a_commit(database: Database, won: Counter[str]) -> None:
    store = SqlJobStore(database, lease_ms=LEASE_MS)
    desk = Desk(store)
    for _ in range(ROUNDS):
        job = desk.submit()
        (claim,) = desk.claim(lease_ms=0)
        stored, reaped = at_once(call(store.complete, claim.held, success()), call(store.reap, POLICY))
        after = store.job("acme", job.id)
        assert (stored, reaped.requeued, after.state) in (
            (True, (), State.SUCCEEDED),
            (False, (job.id,), State.QUEUED),
        )
        won["commit" if stored else "reaper"] += 1
        store.erase("acme", job.id)


def test_two_reapers_move_each_job_once(database: Database) -> None:
    store, other = SqlJobStore(database, lease_ms=LEASE_MS), SqlJobStore(database, lease_ms=LEASE_MS)
    desk = Desk(store)
    for _ in range(30):
        desk.submit()
    claims = desk.claim(30, lease_ms=0)
    moved: list[str] = []
    while len(moved) < len(claims):
        for reaped in at_once(call(store.reap, POLICY, 7), call(other.reap, POLICY, 7)):
            moved += reaped.requeued
    assert Counter(moved) == Counter(claim.job.id for claim in claims)


def test_sixteen_submits_with_one_key_make_one_job(desk: Desk, won: Counter[str]) -> None:
    rounds = ROUNDS if ROUNDS >= ENOUGH else 3
    for _ in range(rounds):
        key = IdempotencyKey(new_id("key"), "m" * 64)
        made = at_once(*[call(desk.store.submit, new_job(), key, QueueLimits()) for _ in range(16)])
        assert len({one.job.id for one in made}) == 1
        assert [one.created for one in made].count(True) == 1
        won[f"thread {[one.created for one in made].index(True)}"] += 1
        # The queue is not what is tested, and must not grow.
        desk.store.erase("acme", made[0].job.id)


def test_newcomers_submit_and_claim_at_once(desk: Desk) -> None:
    """New lanes are made while others are claimed: nobody waits for anybody for ever."""

    def submit(tenant: str) -> int:
        for _ in range(5):
            desk.submit(tenant)
        return 0

    def claim(worker: str) -> int:
        return sum(len(desk.claim(2, worker=worker)) for _ in range(10))

    served = at_once(
        *[call(submit, f"tenant-{n}") for n in range(6)],
        *[call(claim, f"worker-{n}") for n in range(3)],
    )
    rest = 0
    while claims := desk.claim(50):
        rest += len(claims)
    assert sum(served) + rest == 30


def test_everything_at_once_ends_every_job_once(desk: Desk) -> None:
    """A small storm: workers, a reaper, cancels and erasures over the same jobs."""
    jobs = [desk.submit(f"tenant-{n % 3}") for n in range(40)]
    left = threading.Semaphore(0)

    def work(worker: str) -> int:
        stored = 0
        for _ in range(12):
            desk.store.announce(card(worker))
            claims = desk.store.claim(
                worker=worker, pool="text", models=[live()], limit=4, lease_ms=LEASE_MS, idle=True
            )
            for n, claim in enumerate(claims):
                desk.store.renew(worker, [one.held for one in claims], LEASE_MS)
                if n % 3 == 0:
                    desk.store.release(claim.held, failure(FailureKind.DRAIN), partial(), POLICY)
                else:
                    stored += desk.store.complete(claim.held, success())
        left.release()
        return stored

    def disturb() -> int:
        for n, job in enumerate(jobs):
            try:
                if n % 2:
                    desk.store.cancel(job.tenant, job.id)
                elif n % 5 == 0:
                    desk.store.erase(job.tenant, job.id)
            except NotThere:
                continue
            desk.store.reap(POLICY)
        return 0

    at_once(call(work, "a"), call(work, "b"), disturb)
    while claims := desk.claim(50):
        for claim in claims:
            assert desk.store.complete(claim.held, success())
    found = desk.store.find([job.id for job in jobs])
    assert all(job.terminal for job in found)
    assert all(len(job.outputs) == (job.state is State.SUCCEEDED) for job in found)
