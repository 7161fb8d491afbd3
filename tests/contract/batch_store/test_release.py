"""Letting rows in: in order, as there is room, each once; and how a batch ends."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.batches import MAC, Post, bad, good
from tests.support.jobs import OTHER_MODEL, Timepiece, failure, partial

from pressroom.domain.batch import BatchCounts, BatchState, RowState
from pressroom.domain.errors import BatchEnded, BatchErased, BatchUnknown, JobErased
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.ports import QueueLimits

_WEEK_MS = 7 * 24 * 3_600_000


def test_rows_become_jobs_in_order_and_once(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([good(1), bad(2), good(3), good(7)])
    clock.pass_ms(1_000)
    assert post.release(batch_id, 2) == 2
    assert [row.state for row in post.rows(batch_id)] == [
        RowState.QUEUED,
        RowState.REFUSED,
        RowState.QUEUED,
        RowState.WAITING,
    ]
    assert post.counts(batch_id) == BatchCounts(waiting=1, queued=2, refused=1)
    assert post.release(batch_id) == 1
    assert post.release(batch_id) == 0
    jobs = [row.job for row in post.rows(batch_id) if row.job is not None]
    assert len({job.id for job in jobs}) == 3
    assert [job.input["prompt"] for job in jobs] == ["row 1", "row 3", "row 7"]
    assert {job.state for job in jobs} == {State.QUEUED}
    assert {job.created_at for job in jobs} == {clock.wall}
    assert {job.deadline_at - job.created_at for job in jobs} == {3_600_000}, "counted from the release"
    assert [row.job_id for row in post.rows(batch_id) if row.job_id] == [job.id for job in jobs]


def test_a_row_is_the_job_that_a_submit_would_have_made(post: Post) -> None:
    row = good(1, priority=8, result_ttl_s=77, deadline_s=99, params={"max_tokens": 5, "n": 2, "seed": 1})
    batch_id = post.receive([row])
    post.release(batch_id)
    (shown,) = post.rows(batch_id)
    assert shown.job is not None
    assert row.new is not None
    job = post.jobs.job("acme", shown.job.id)
    assert job == shown.job
    for name in ("tenant", "model", "kind", "pool", "priority", "input", "params", "metadata"):
        assert getattr(job, name) == getattr(row.new, name), name
    assert (job.result_ttl_s, job.deadline_at - job.created_at) == (77, 99_000)


def test_a_batch_takes_half_of_its_lane(post: Post) -> None:
    batch_id = post.receive([good(n) for n in range(1, 21)])
    limits = QueueLimits(lane=10, pool=1_000)
    assert post.release(batch_id, limits=limits) == 5
    assert post.release(batch_id, limits=limits) == 0
    post.desk.submit()
    assert len(post.work(3)) == 3
    assert post.release(batch_id, limits=limits) == 2, "six were queued, three are done, five may be"


def test_a_batch_takes_half_of_its_pool_together_with_others(post: Post) -> None:
    for _ in range(4):
        post.desk.submit("globex")
    batch_id = post.receive([good(n) for n in range(1, 21)])
    assert post.release(batch_id, limits=QueueLimits(lane=1_000, pool=12)) == 2


def test_a_batch_takes_half_of_the_whole_queue_together_with_others(post: Post) -> None:
    image: Any = {"model": OTHER_MODEL, "kind": "image", "pool": "image", "input": {}}
    for _ in range(4):
        post.desk.submit("globex", **image)
    batch_id = post.receive([good(n) for n in range(1, 21)])
    assert post.release(batch_id, limits=QueueLimits(lane=1_000, pool=1_000, total=12)) == 2


def test_the_room_of_each_pool_is_its_own(post: Post) -> None:
    image: Any = {"model": OTHER_MODEL, "kind": "image", "pool": "image", "input": {}}
    rows = [good(1), good(2, **image), good(3), good(4, **image), good(5), good(6)]
    batch_id = post.receive(rows)
    assert post.release(batch_id, limits=QueueLimits(lane=4, pool=100)) == 4, "two of each; the next waits"


def test_a_batch_is_finished_when_its_last_job_is(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([good(1), good(2)])
    assert not post.batches.settle(batch_id), "rows wait"
    post.release(batch_id)
    assert not post.batches.settle(batch_id), "jobs are queued"
    post.work(1)
    (claim,) = post.desk.claim()
    assert post.counts(batch_id) == BatchCounts(succeeded=1, running=1)
    assert not post.batches.settle(batch_id), "a job runs"
    (left,) = post.batches.unfinished()
    assert (left.open, left.queued, left.unreleased) == (True, 0, 0)
    policy = RetryPolicy(errors_limit=1)
    assert post.jobs.release(claim.held, failure(), partial(), policy) is State.FAILED
    assert post.batches.unfinished()[0].open is False
    clock.pass_ms(10)
    assert post.batches.settle(batch_id)
    assert not post.batches.settle(batch_id)
    found, counts = post.batches.batch("acme", batch_id)
    assert (found.state, found.finished_at) == (BatchState.FINISHED, clock.wall)
    assert found.expires_at == clock.wall + 600_000
    assert counts == BatchCounts(succeeded=1, failed=1)
    assert post.batches.unfinished() == ()


def test_a_batch_whose_jobs_run_out_of_time_is_finished(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([good(1, deadline_s=5)])
    post.release(batch_id)
    clock.pass_ms(6_000)
    post.jobs.reap(RetryPolicy())
    assert post.counts(batch_id) == BatchCounts(expired=1)
    assert post.batches.settle(batch_id)


def test_what_is_unfinished_is_told_oldest_first_and_bounded(post: Post, clock: Timepiece) -> None:
    made = []
    for _ in range(3):
        made.append(post.receive([good(1), bad(2), good(3)]))
        clock.pass_ms(10)
    post.release(made[0], 1)
    found = post.batches.unfinished()
    assert [batch.id for batch in found] == made
    first = found[0]
    assert (first.tenant, first.state, first.age_ms) == ("acme", BatchState.RUNNING, 30)
    assert (first.unreleased, first.queued, first.open, first.erased) == (1, 1, True, False)
    assert [batch.id for batch in post.batches.unfinished(limit=2)] == made[:2]


def test_a_cancel_ends_what_waits_what_is_queued_and_tells_what_runs(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([good(n) for n in range(1, 7)])
    post.release(batch_id, 4)
    post.work(1)
    (running,) = post.desk.claim()
    post.batches.cancel("acme", batch_id)
    assert post.release(batch_id) == 0
    assert [post.batches.withdraw(batch_id, 2) for _ in range(3)] == [2, 1, 0]
    assert post.counts(batch_id) == BatchCounts(succeeded=1, running=1, canceled=4)
    assert post.jobs.renew("worker-1", [running.held], 60_000).canceled == {running.held}
    assert not post.batches.settle(batch_id)
    assert post.jobs.complete(running.held, partial(state=State.CANCELED))
    clock.pass_ms(3)
    assert post.batches.settle(batch_id)
    found, counts = post.batches.batch("acme", batch_id)
    assert (found.state, found.finished_at) == (BatchState.CANCELED, clock.wall)
    assert found.canceled_at == clock.wall - 3
    assert counts == BatchCounts(succeeded=1, canceled=5)
    assert [row.n for row in post.rows(batch_id, RowState.CANCELED)] == [2, 3, 4, 5, 6]
    assert post.rows(batch_id, RowState.WAITING) == ()


def test_a_cancel_of_what_has_ended_changes_nothing(post: Post) -> None:
    batch_id = post.receive([bad(1)])
    before = post.batches.batch("acme", batch_id)
    post.batches.cancel("acme", batch_id)
    assert post.batches.batch("acme", batch_id) == before
    assert post.batches.withdraw(batch_id) == 0


def test_a_cancel_of_what_is_not_whole_gives_it_up(post: Post) -> None:
    half = post.half([good(1)], key="feed-7")
    post.batches.cancel("acme", half)
    with pytest.raises(BatchErased):
        post.batches.batch("acme", half)
    assert post.half([good(1)], key="feed-7") != half, "the key is free"


def test_the_rows_of_each_state_are_found(post: Post) -> None:
    batch_id = post.receive([good(1), bad(2), good(3), good(4), good(5), good(6)])
    post.release(batch_id, 4)
    post.work(1)
    post.desk.claim()
    by_state = {state: [row.n for row in post.rows(batch_id, state)] for state in RowState}
    assert by_state == {
        RowState.WAITING: [6],
        RowState.REFUSED: [2],
        RowState.QUEUED: [4, 5],
        RowState.RUNNING: [3],
        RowState.SUCCEEDED: [1],
        RowState.FAILED: [],
        RowState.CANCELED: [],
        RowState.EXPIRED: [],
    }
    assert [row.n for row in post.batches.rows(batch_id, after=2, limit=2)] == [3, 4]
    assert [row.n for row in post.batches.rows(batch_id, after=4, limit=9, state=RowState.QUEUED)] == [5]
    assert post.batches.rows(batch_id, after=6) == ()
    assert post.batches.rows("batch_" + "0" * 32) == ()


def test_a_row_shows_what_its_job_made(post: Post) -> None:
    batch_id = post.receive([good(1)])
    post.release(batch_id)
    (job_id,) = post.work()
    (row,) = post.rows(batch_id)
    assert row.job == post.jobs.job("acme", job_id)
    assert row.job is not None
    assert row.job.outputs


def test_a_job_that_was_erased_leaves_its_row(post: Post) -> None:
    batch_id = post.receive([good(1), good(2)])
    post.release(batch_id)
    (first, second) = post.work()
    post.jobs.erase("acme", first)
    rows = post.rows(batch_id)
    assert [(row.state, row.job_id, row.job is None) for row in rows] == [
        (RowState.SUCCEEDED, first, True),
        (RowState.SUCCEEDED, second, False),
    ]


def test_an_erased_batch_is_gone_and_then_its_jobs_are(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([good(n) for n in range(1, 6)], key="feed-7")
    post.release(batch_id, 4)
    (done,) = post.work(1)
    (running,) = post.desk.claim()
    post.batches.erase("acme", batch_id)
    for call in (post.batches.batch, post.batches.erase, post.batches.cancel, post.batches.retry):
        with pytest.raises(BatchErased):
            call("acme", batch_id)
    assert post.release(batch_id) == 0
    (left,) = post.batches.unfinished()
    assert left.erased
    assert [post.batches.clear(batch_id, 3) for _ in range(3)] == [3, 2, 0]
    for job_id in (done, running.job.id):
        with pytest.raises(JobErased):
            post.jobs.job("acme", job_id)
    assert post.desk.claim(9) == []
    assert len(post.jobs.due_erasures()) == 4, "one each for now; the later ones are not due"
    assert post.rows(batch_id) == ()
    assert post.batches.unfinished() == ()
    with pytest.raises(BatchErased):
        post.half([good(1)], key="feed-7")
    assert post.batches.expire() == 0
    clock.pass_ms(_WEEK_MS)
    assert post.batches.expire() == 1
    with pytest.raises(BatchUnknown):
        post.batches.batch("acme", batch_id)
    post.half([good(1)], key="feed-7")


def test_a_batch_past_its_time_is_erased(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([good(1)])
    post.release(batch_id)
    post.work()
    post.batches.settle(batch_id)
    assert post.batches.expire() == 0
    clock.pass_ms(600_000)
    assert post.batches.expire() == 1
    assert post.batches.expire() == 0
    with pytest.raises(BatchErased):
        post.batches.batch("acme", batch_id)
    assert post.batches.clear(batch_id) == 1


def _failed(post: Post, number: int) -> str:
    """A batch of three whose first ``number`` rows failed and whose others succeeded."""
    batch_id = post.receive(
        [good(n, f"id-{n}", params={"max_tokens": 9, "n": 1, "seed": n}) for n in (1, 2, 3)]
    )
    post.release(batch_id)
    for claim in post.desk.claim(number):
        post.jobs.release(claim.held, failure(), partial(), RetryPolicy(errors_limit=1))
    post.work()
    assert post.batches.settle(batch_id)
    return batch_id


def test_failed_rows_are_made_anew_and_others_are_not(post: Post) -> None:
    batch_id = _failed(post, 2)
    failed = [row.job for row in post.rows(batch_id, RowState.FAILED)]
    kept = post.rows(batch_id, RowState.SUCCEEDED)
    assert [post.batches.retry("acme", batch_id, 1) for _ in range(3)] == [1, 1, 0]
    assert post.counts(batch_id) == BatchCounts(waiting=2, succeeded=1)
    found, _ = post.batches.batch("acme", batch_id)
    assert (found.state, found.finished_at, found.expires_at) == (BatchState.RUNNING, None, None)
    for job in failed:
        assert job is not None
        with pytest.raises(JobErased):
            post.jobs.job("acme", job.id)
    assert post.release(batch_id) == 2
    post.work()
    assert post.batches.settle(batch_id)
    assert post.counts(batch_id) == BatchCounts(succeeded=3)
    for before, row in zip(failed, post.rows(batch_id)[:2], strict=True):
        assert before is not None
        assert row.job is not None
        assert before.id != row.job.id
        for name in ("model", "kind", "pool", "priority", "input", "params", "metadata", "result_ttl_s"):
            assert getattr(row.job, name) == getattr(before, name), name
        assert row.job.deadline_at - row.job.created_at == before.deadline_at - before.created_at
    assert post.rows(batch_id)[2] == kept[0]


def test_there_is_nothing_to_make_anew_of_what_was_erased(post: Post) -> None:
    batch_id = _failed(post, 1)
    (row,) = post.rows(batch_id, RowState.FAILED)
    post.jobs.erase("acme", str(row.job_id))
    assert post.batches.retry("acme", batch_id) == 0
    assert post.state(batch_id) is BatchState.FINISHED


def test_a_canceled_batch_and_one_that_is_not_whole_are_not_made_anew(post: Post) -> None:
    half = post.half([good(1)])
    with pytest.raises(BatchEnded):
        post.batches.retry("acme", half)
    post.batches.seal(half, 600, MAC)
    post.batches.cancel("acme", half)
    with pytest.raises(BatchEnded):
        post.batches.retry("acme", half)


def test_many_relays_at_once_make_each_row_one_job(post: Post) -> None:
    """The guard is the batch's lock: without it two would read the same rows."""
    batch_id = post.receive([good(n) for n in range(1, 201)])

    def let_in(_: int) -> int:
        return sum(post.release(batch_id, 7) for _ in range(12))

    with ThreadPoolExecutor(6) as pool:
        released = sum(pool.map(let_in, range(6)))
    while more := post.release(batch_id, 50):
        released += more
    assert released == 200
    claims = post.desk.claim(1_000)
    assert sorted(str(claim.job.input["prompt"]) for claim in claims) == sorted(
        f"row {n}" for n in range(1, 201)
    )
    assert post.counts(batch_id) == BatchCounts(running=200)
