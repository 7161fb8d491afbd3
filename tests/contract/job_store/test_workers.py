"""Who is alive, which models that makes, and what waits for them."""

from tests.support.desk import Desk
from tests.support.jobs import OTHER_MODEL, Timepiece, card, failure, live, partial

from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.ports import JobStore, PoolBacklog


def test_nothing_is_alive_at_first(store: JobStore) -> None:
    assert store.live_models() == ()
    assert store.backlog() == ()


def test_a_worker_is_alive_while_it_announces_itself(store: JobStore, clock: Timepiece) -> None:
    store.announce(card())
    clock.pass_ms(15_000)
    assert store.live_models() == ((live(), 1),)
    clock.pass_ms(1)
    assert store.live_models() == ()
    store.announce(card())
    assert store.live_models() == ((live(), 1),)


def test_models_are_counted_by_what_runs_them(store: JobStore) -> None:
    store.announce(card("one"))
    store.announce(card("two", models=(live(), live(OTHER_MODEL, "cuda"))))
    store.announce(card("three", draining=True))
    assert store.live_models() == ((live(OTHER_MODEL, "cuda"), 1), (live(), 2))


def test_a_worker_that_left_is_not_alive(store: JobStore) -> None:
    store.announce(card())
    store.withdraw("worker-1")
    store.withdraw("worker-1")
    store.withdraw("never-was")
    assert store.live_models() == ()


def test_an_announcement_replaces_the_one_before(store: JobStore) -> None:
    store.announce(card(free=3))
    store.announce(card(free=1, models=(live(OTHER_MODEL),)))
    assert store.live_models() == ((live(OTHER_MODEL), 1),)
    assert store.backlog() == (PoolBacklog("text", 0, 1),)


def test_a_worker_in_trouble_is_there_but_takes_nothing(desk: Desk) -> None:
    job = desk.submit()
    trouble = "The disk is almost full."
    desk.store.announce(card(free=0, trouble=trouble))
    (seen,) = desk.store.live_workers()
    assert seen.trouble == trouble
    waiting = desk.store.waiting(job)
    assert (waiting.live_workers, waiting.trouble) == (0, trouble)
    desk.store.announce(card("worker-2"))
    waiting = desk.store.waiting(job)
    assert (waiting.live_workers, waiting.trouble) == (1, None)
    desk.store.announce(card())
    assert desk.store.waiting(job).live_workers == 2


def test_a_long_trouble_is_cut(desk: Desk) -> None:
    desk.store.announce(card(trouble="ä" * 1_000))
    (seen,) = desk.store.live_workers()
    assert seen.trouble is not None
    assert seen.trouble[:255] == "ä" * 255


def test_the_backlog_is_what_is_due_against_what_is_free(desk: Desk, clock: Timepiece) -> None:
    desk.store.announce(card("one", free=3))
    desk.store.announce(card("two", free=2))
    desk.store.announce(card("draining", free=4, draining=True))
    first = desk.submit()
    clock.pass_ms(5)
    for _ in range(3):
        desk.submit("globex")
    desk.submit(pool="image")
    assert desk.store.backlog() == (
        PoolBacklog("image", 1, 0, clock.wall),
        PoolBacklog("text", 4, 5, first.due_at),
    )


def test_a_retry_is_due_when_its_pause_is_over(desk: Desk, clock: Timepiece) -> None:
    policy = RetryPolicy()
    claim = desk.running()
    assert desk.store.backlog() == (PoolBacklog("text", 0, 0),)
    assert desk.store.release(claim.held, failure(), partial(), policy) is State.QUEUED
    assert desk.store.backlog() == (PoolBacklog("text", 0, 0),)
    clock.pass_ms(policy.first_delay_ms)
    assert desk.store.backlog() == (PoolBacklog("text", 1, 0, clock.wall),)


def test_the_store_answers(store: JobStore) -> None:
    store.ping()
    store.check_schema()
