"""Looking at jobs: one, pages, standings, the place in the queue."""

import pytest
from tests.support.desk import Desk
from tests.support.jobs import OTHER_MODEL, Timepiece, card, live, picture, success, text_output

from pressroom.domain.errors import CursorInvalid, JobErased, JobUnknown
from pressroom.domain.ids import new_id
from pressroom.domain.states import State
from pressroom.jobs.ports import JobStore, Standing

STRANGE_IDS = ["", "job_", "job_\x00", "é", "'; DROP TABLE job; --", "x" * 10_000]


@pytest.mark.parametrize("job_id", [*STRANGE_IDS, pytest.param(new_id("job"), id="never made")])
def test_an_unknown_id_is_unknown(store: JobStore, job_id: str) -> None:
    with pytest.raises(JobUnknown):
        store.job("acme", job_id)
    with pytest.raises(JobUnknown):
        store.cancel("acme", job_id)
    with pytest.raises(JobUnknown):
        store.erase("acme", job_id)
    assert store.standings([job_id]) == {}
    assert store.find([job_id]) == ()


def test_another_tenants_job_is_unknown(desk: Desk) -> None:
    job = desk.submit("acme")
    with pytest.raises(JobUnknown):
        desk.store.job("globex", job.id)
    with pytest.raises(JobUnknown):
        desk.store.cancel("globex", job.id)
    with pytest.raises(JobUnknown):
        desk.store.erase("globex", job.id)
    assert desk.store.jobs("globex").jobs == ()
    assert desk.store.job("acme", job.id) == job


def test_outputs_come_back_whole_and_in_order(desk: Desk) -> None:
    claim = desk.running()
    outputs = (*(picture(n, claim.job.id, 1) for n in range(12)), text_output(12, "NUL \x00, 茶 🫖"))
    assert desk.store.complete(claim.held, success(*reversed(outputs)))
    assert desk.store.job("acme", claim.job.id).outputs == outputs


def test_pages_go_from_new_to_old_without_gaps(desk: Desk, clock: Timepiece) -> None:
    # Several jobs share a millisecond, so that the order within it counts as well.
    made = []
    for n in range(11):
        made.append(desk.submit().id)
        clock.pass_ms(n % 3 == 0)
    seen, cursor = [], None
    while True:
        page = desk.store.jobs("acme", cursor=cursor, limit=4)
        seen += [job.id for job in page.jobs]
        if page.next is None:
            break
        cursor = page.next
    assert sorted(seen) == sorted(made)
    keys = [(job.created_at, job.id) for job in desk.store.jobs("acme").jobs]
    assert keys == sorted(keys, reverse=True)
    assert [job_id for _, job_id in keys] == seen


def test_a_page_that_ends_exactly_has_no_next(desk: Desk) -> None:
    for _ in range(4):
        desk.submit()
    assert desk.store.jobs("acme", limit=4).next is None
    assert desk.store.jobs("acme", limit=3).next is not None


def test_new_jobs_do_not_shift_a_page(desk: Desk, clock: Timepiece) -> None:
    old = []
    for _ in range(4):
        clock.pass_ms(1)
        old.append(desk.submit().id)
    cursor = desk.store.jobs("acme", limit=2).next
    clock.pass_ms(1)
    desk.submit()
    rest = desk.store.jobs("acme", cursor=cursor, limit=2)
    assert [job.id for job in rest.jobs] == [old[1], old[0]]


def test_pages_filter_by_state_and_model(desk: Desk) -> None:
    queued = desk.submit()
    painted = desk.submit(model=OTHER_MODEL)
    desk.store.cancel("acme", painted.id)
    assert [job.id for job in desk.store.jobs("acme", states=[State.QUEUED]).jobs] == [queued.id]
    assert [job.id for job in desk.store.jobs("acme", model="painter").jobs] == [painted.id]
    assert desk.store.jobs("acme", states=[State.QUEUED], model="painter").jobs == ()
    both = desk.store.jobs("acme", states=[State.QUEUED, State.CANCELED]).jobs
    assert {job.id for job in both} == {queued.id, painted.id}
    assert desk.store.jobs("acme", model="no\x00such").jobs == ()


def test_a_page_shows_outputs_and_hides_the_erased(desk: Desk) -> None:
    claim = desk.running()
    desk.store.complete(claim.held, success())
    erased = desk.submit()
    desk.store.erase("acme", erased.id)
    (shown,) = desk.store.jobs("acme").jobs
    assert shown == desk.store.job("acme", claim.job.id)
    assert shown.outputs[0].text == "A mug, and blue."


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "WzFd", "%%%", "é", "bnVsbA", "W10", "WzEsICIiXQ", "WyIxIiwgImEiXQ", "A" * 1000, "W" * 200],
)
def test_a_bad_cursor_is_refused(store: JobStore, cursor: str) -> None:
    with pytest.raises(CursorInvalid) as refused:
        store.jobs("acme", cursor=cursor)
    assert refused.value.field == "query.cursor"


def test_standings_and_find_leave_out_the_erased(desk: Desk) -> None:
    running, queued, erased = desk.running(), desk.submit(), desk.submit("globex")
    desk.store.erase("globex", erased.id)
    ids = [running.job.id, queued.id, erased.id, new_id("job")]
    assert desk.store.standings(ids) == {
        running.job.id: Standing(State.RUNNING, 1),
        queued.id: Standing(State.QUEUED, 0),
    }
    assert {job.id for job in desk.store.find(ids)} == {running.job.id, queued.id}
    assert desk.store.find([]) == ()
    assert desk.store.standings([]) == {}


def test_an_erased_job_is_told_apart_from_an_unknown_one(desk: Desk) -> None:
    job = desk.submit()
    desk.store.erase("acme", job.id)
    with pytest.raises(JobErased):
        desk.store.job("acme", job.id)
    with pytest.raises(JobErased):
        desk.store.cancel("acme", job.id)
    with pytest.raises(JobUnknown):
        desk.store.job("globex", job.id)


def test_the_place_in_the_own_lane(desk: Desk, clock: Timepiece) -> None:
    low = desk.submit(priority=1)
    clock.pass_ms(1)
    first = desk.submit()
    clock.pass_ms(1)
    second = desk.submit()
    urgent = desk.submit(priority=9)
    places = {job.id: desk.store.waiting(job).position for job in (urgent, first, second, low)}
    assert list(places.values()) == [1, 2, 3, 4]


def test_other_lanes_take_turns(desk: Desk, clock: Timepiece) -> None:
    for _ in range(50):
        desk.submit("hog")
    clock.pass_ms(1)
    mine = desk.submit("acme")
    # Behind one of the hog's, not behind all fifty.
    assert desk.store.waiting(mine).position == 2
    # In another pool nobody is ahead.
    assert desk.store.waiting(desk.submit("acme", pool="image")).position == 1


def test_only_a_queued_job_has_a_place(desk: Desk) -> None:
    claim = desk.running()
    assert desk.store.waiting(claim.job).position is None


def test_live_workers_of_the_model_are_counted(desk: Desk, clock: Timepiece) -> None:
    job = desk.submit()
    assert desk.store.waiting(job).live_workers == 0
    desk.store.announce(card("one"))
    desk.store.announce(card("two", models=(live(OTHER_MODEL),)))
    desk.store.announce(card("draining", draining=True))
    desk.store.announce(card("elsewhere", pool="image"))
    assert desk.store.waiting(job).live_workers == 1
    clock.pass_ms(15_001)
    assert desk.store.waiting(job).live_workers == 0
