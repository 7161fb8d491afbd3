"""Accepting jobs: what is stored, idempotency keys, the bounds of the queue."""

import pytest
from tests.support.desk import Desk
from tests.support.jobs import MODEL, Timepiece, new_job, success

from pressroom.domain.errors import JobErased, KeyReused, QueueFull
from pressroom.domain.states import State
from pressroom.jobs.ports import IdempotencyKey, JobStore, QueueLimits

KEY = IdempotencyKey("order-17", "m" * 64)
LIMITS = QueueLimits()


def test_a_job_is_stored_as_it_was_given(store: JobStore, clock: Timepiece) -> None:
    new = new_job(
        priority=8,
        input={"messages": [{"role": "user", "content": "写一句话 \x00 🫖"}]},
        params={"max_tokens": 3, "temperature": 0.7, "stop": ["."], "seed": 9_007_199_254_740_991},
        metadata={"名": "值"},
        deadline_s=10,
        result_ttl_s=20,
    )
    submitted = store.submit(new, None, LIMITS)
    assert submitted.created
    job = store.job("acme", new.id)
    assert job == submitted.job
    assert (job.id, job.tenant, job.model, job.kind, job.pool) == (new.id, "acme", MODEL, "text", "text")
    assert (job.input, job.params, job.metadata) == (new.input, new.params, new.metadata)
    assert (job.state, job.priority, job.attempt) == (State.QUEUED, 8, 0)
    assert (job.created_at, job.due_at) == (clock.wall, clock.wall)
    assert (job.deadline_at, job.result_ttl_s) == (clock.wall + 10_000, 20)
    assert (job.claimed_at, job.finished_at, job.expires_at, job.outputs) == (None, None, None, ())


def test_the_same_key_and_body_give_the_same_job(store: JobStore) -> None:
    first = store.submit(new_job(), KEY, LIMITS)
    again = store.submit(new_job(), KEY, LIMITS)
    assert not again.created
    assert again.job == first.job
    assert len(store.jobs("acme").jobs) == 1


def test_a_key_shows_the_job_as_it_is_by_now(desk: Desk) -> None:
    claim = desk.running(key="k")
    desk.store.complete(claim.held, success())
    again = desk.store.submit(new_job(), IdempotencyKey("k", "m" * 64), LIMITS)
    assert again.job.state is State.SUCCEEDED
    assert len(again.job.outputs) == 1


def test_a_key_with_another_body_is_refused(store: JobStore) -> None:
    store.submit(new_job(), KEY, LIMITS)
    with pytest.raises(KeyReused) as refused:
        store.submit(new_job(), IdempotencyKey(KEY.key, "n" * 64), LIMITS)
    assert refused.value.field == "header.Idempotency-Key"
    assert len(store.jobs("acme").jobs) == 1


def test_a_key_belongs_to_its_tenant(store: JobStore) -> None:
    first = store.submit(new_job("acme"), KEY, LIMITS)
    other = store.submit(new_job("globex"), IdempotencyKey(KEY.key, "n" * 64), LIMITS)
    assert other.created
    assert other.job.id != first.job.id


def test_a_key_outlives_the_erasure_of_its_job(store: JobStore) -> None:
    job = store.submit(new_job(), KEY, LIMITS).job
    store.erase("acme", job.id)
    with pytest.raises(JobErased):
        store.submit(new_job(), KEY, LIMITS)
    with pytest.raises(KeyReused):
        store.submit(new_job(), IdempotencyKey(KEY.key, "n" * 64), LIMITS)


def test_without_a_key_each_submit_is_a_job(store: JobStore) -> None:
    assert store.submit(new_job(), None, LIMITS).job.id != store.submit(new_job(), None, LIMITS).job.id


def test_a_full_lane_refuses_its_tenant_only(desk: Desk) -> None:
    limits = QueueLimits(lane=2, pool=10)
    for _ in range(2):
        desk.store.submit(new_job("acme"), None, limits)
    with pytest.raises(QueueFull) as refused:
        desk.store.submit(new_job("acme"), None, limits)
    assert refused.value.retry_after_s
    desk.store.submit(new_job("globex"), None, limits)
    desk.store.submit(new_job("acme", pool="image"), None, limits)


def test_a_full_pool_refuses_everybody(store: JobStore) -> None:
    limits = QueueLimits(lane=2, pool=3)
    for tenant in ("acme", "acme", "globex"):
        store.submit(new_job(tenant), None, limits)
    with pytest.raises(QueueFull):
        store.submit(new_job("initech"), None, limits)


def test_a_claimed_job_makes_room(desk: Desk) -> None:
    limits = QueueLimits(lane=1, pool=1)
    desk.store.submit(new_job(), None, limits)
    with pytest.raises(QueueFull):
        desk.store.submit(new_job(), None, limits)
    assert len(desk.claim()) == 1
    assert desk.store.submit(new_job(), None, limits).created


def test_a_full_queue_still_answers_for_a_key(store: JobStore) -> None:
    limits = QueueLimits(lane=1, pool=1)
    first = store.submit(new_job(), KEY, limits)
    assert store.submit(new_job(), KEY, limits).job.id == first.job.id


def test_a_refused_submit_leaves_no_trace(desk: Desk) -> None:
    limits = QueueLimits(lane=1, pool=1)
    desk.store.submit(new_job(), None, limits)
    with pytest.raises(QueueFull):
        desk.store.submit(new_job(), KEY, limits)
    desk.claim()
    assert desk.store.submit(new_job(), KEY, limits).created


def test_an_id_is_used_once(store: JobStore) -> None:
    new = new_job()
    store.submit(new, None, LIMITS)
    with pytest.raises(Exception, match=r"(?i)unique|already"):
        store.submit(new, None, LIMITS)
    assert store.job("acme", new.id).state is State.QUEUED
