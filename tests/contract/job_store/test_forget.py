"""What is left of a job goes too, in the end: its key, then its tombstone."""

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, new_job

from pressroom.adapters.keeping import KEY_GRACE_MS, TOMBSTONE_MS
from pressroom.domain.errors import JobErased, JobUnknown, KeyReused
from pressroom.jobs.ports import IdempotencyKey, JobStore, QueueLimits

KEY = IdempotencyKey("k", "m" * 64)
OTHER_BODY = IdempotencyKey("k", "n" * 64)
LIMITS = QueueLimits()
MINUTE_MS = 60_000
LIFE_MS = (10 + 60) * 1000 + KEY_GRACE_MS


def _erasures_done(store: JobStore) -> None:
    for erasure in store.due_erasures():
        store.erasures_done([erasure])


def test_nothing_to_forget(store: JobStore) -> None:
    assert store.forget() == 0


def test_a_key_is_remembered_past_the_life_of_its_job(store: JobStore, clock: Timepiece) -> None:
    store.submit(new_job(deadline_s=10, result_ttl_s=60), KEY, LIMITS)
    clock.pass_ms(LIFE_MS - 1)
    assert store.forget() == 0
    with pytest.raises(KeyReused):
        store.submit(new_job(), OTHER_BODY, LIMITS)
    clock.pass_ms(1)
    assert store.forget() == 1
    assert store.submit(new_job(), OTHER_BODY, LIMITS).created


def test_a_key_past_its_time_is_free_before_it_is_forgotten(store: JobStore, clock: Timepiece) -> None:
    first = store.submit(new_job(deadline_s=10, result_ttl_s=60), KEY, LIMITS)
    clock.pass_ms(LIFE_MS)
    second = store.submit(new_job(), OTHER_BODY, LIMITS)
    assert second.created
    assert second.job.id != first.job.id
    # The key is the new job's now, and stays.
    assert store.forget() == 0
    assert store.submit(new_job(), OTHER_BODY, LIMITS).job.id == second.job.id


def test_a_tombstone_stays_for_a_while(desk: Desk, clock: Timepiece) -> None:
    job = desk.submit()
    desk.store.erase("acme", job.id)
    clock.pass_ms(LEASE_MS)
    _erasures_done(desk.store)
    clock.pass_ms(TOMBSTONE_MS - LEASE_MS - 1)
    assert desk.store.forget() == 0
    with pytest.raises(JobErased):
        desk.store.job("acme", job.id)
    clock.pass_ms(1)
    assert desk.store.forget() == 1
    with pytest.raises(JobUnknown):
        desk.store.job("acme", job.id)


def test_a_tombstone_stays_while_a_key_names_it(store: JobStore, clock: Timepiece) -> None:
    job = store.submit(new_job(deadline_s=10, result_ttl_s=60), KEY, LIMITS).job
    store.erase("acme", job.id)
    clock.pass_ms(TOMBSTONE_MS)
    _erasures_done(store)
    assert store.forget() == 0
    with pytest.raises(JobErased):
        store.submit(new_job(), KEY, LIMITS)
    clock.pass_ms(LIFE_MS - TOMBSTONE_MS)
    # The key and the tombstone; whether in one go is the store's own affair.
    assert sum(store.forget() for _ in range(2)) == 2
    assert store.forget() == 0


def test_a_tombstone_stays_until_its_erasures_are_done(desk: Desk, clock: Timepiece) -> None:
    job = desk.submit()
    desk.store.erase("acme", job.id)
    clock.pass_ms(2 * TOMBSTONE_MS)
    assert desk.store.forget() == 0
    _erasures_done(desk.store)
    clock.pass_ms(MINUTE_MS)
    assert desk.store.forget() == 1


def test_what_may_not_go_yet_holds_up_nothing_behind_it(desk: Desk, clock: Timepiece) -> None:
    """The first three are erased first, but a store that is away still holds their content."""
    for _ in range(3):
        desk.store.erase("acme", desk.submit().id)
    stuck = {erasure.id for erasure in desk.store.due_erasures()}
    clock.pass_ms(LEASE_MS)
    stuck |= {erasure.id for erasure in desk.store.due_erasures()}
    desk.store.erase("acme", desk.submit().id)
    clock.pass_ms(TOMBSTONE_MS)
    desk.store.erasures_done([each for each in desk.store.due_erasures() if each.id not in stuck])
    assert [desk.store.forget(limit=2) for _ in range(2)] == [1, 0]


def test_what_was_not_erased_is_never_forgotten(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    queued = desk.submit()
    clock.pass_ms(100 * TOMBSTONE_MS)
    assert desk.store.forget() == 0
    assert {job.id for job in desk.store.find([claim.job.id, queued.id])} == {claim.job.id, queued.id}


def test_forgetting_is_bounded(desk: Desk, clock: Timepiece) -> None:
    for _ in range(3):
        desk.store.erase("acme", desk.submit().id)
    clock.pass_ms(TOMBSTONE_MS)
    _erasures_done(desk.store)
    assert [desk.store.forget(limit=2) for _ in range(3)] == [2, 1, 0]
