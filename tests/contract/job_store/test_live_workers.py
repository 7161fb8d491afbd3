"""The cards of live workers, which tell one process from another on the same machine."""

from tests.support.jobs import Timepiece, card

from pressroom.jobs.ports import JobStore


def test_each_live_worker_shows_its_whole_card(store: JobStore, clock: Timepiece) -> None:
    assert store.live_workers() == ()
    store.announce(card("two"))
    store.announce(card("one", free=3))
    store.announce(card("three", draining=True))
    assert store.live_workers() == (card("one", free=3), card("two"))
    clock.pass_ms(15_001)
    assert store.live_workers() == ()
