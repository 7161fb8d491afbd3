"""Taking a batch in: nothing runs before it is whole, one key is one batch, names are unique in it."""

from dataclasses import replace

import pytest
from tests.support.batches import MAC, Post, bad, good, new_batch
from tests.support.jobs import Timepiece

from pressroom.domain.batch import BatchCounts, BatchState, RowState
from pressroom.domain.errors import BatchErased, BatchGivenUp, BatchUnknown, CursorInvalid


def test_a_batch_is_what_was_posted(post: Post, clock: Timepiece) -> None:
    new = new_batch()
    assert post.batches.open(new) is None
    post.batches.add(new.id, [good(1, "a"), bad(3, "b")])
    clock.pass_ms(5)
    post.batches.add(new.id, [good(4)])
    sealed = post.batches.seal(new.id, 600, MAC)
    found, counts = post.batches.batch("acme", new.id)
    assert found == sealed
    assert (found.id, found.tenant, found.state) == (new.id, "acme", BatchState.RUNNING)
    assert (found.rows, found.refused, found.released, found.unreleased) == (3, 1, 0, 2)
    assert (found.created_at, found.received_at) == (clock.wall - 5, clock.wall)
    assert (found.defaults, found.metadata, found.body_mac) == (new.defaults, new.metadata, MAC)
    assert (found.finished_at, found.expires_at) == (None, None)
    assert counts == BatchCounts(waiting=2, refused=1)
    rows = post.rows(new.id)
    assert [(row.n, row.custom_id, row.state) for row in rows] == [
        (1, "a", RowState.WAITING),
        (3, "b", RowState.REFUSED),
        (4, None, RowState.WAITING),
    ]
    assert (rows[1].error_code, rows[1].job, rows[1].job_id) == ("input_invalid", None, None)


def test_nothing_of_a_batch_that_is_not_whole_becomes_a_job(post: Post) -> None:
    batch_id = post.half([good(1)])
    assert post.release(batch_id) == 0
    assert not post.batches.settle(batch_id)
    assert post.state(batch_id) is BatchState.RECEIVING
    assert post.desk.claim() == []


def test_a_batch_without_a_good_row_is_finished_at_once(post: Post, clock: Timepiece) -> None:
    batch_id = post.receive([bad(1), bad(2)])
    found, counts = post.batches.batch("acme", batch_id)
    assert found.state is BatchState.FINISHED
    assert (found.finished_at, found.expires_at) == (clock.wall, clock.wall + 600_000)
    assert counts == BatchCounts(refused=2)
    assert post.batches.unfinished() == ()


def test_a_name_is_taken_once_in_a_page_and_over_pages(post: Post) -> None:
    batch_id = post.half([good(1, "a"), good(2, "a"), bad(3, "b"), good(4, "b")])
    post.batches.add(batch_id, [good(5, "a"), good(6, "c")])
    post.batches.seal(batch_id, 600, MAC)
    rows = post.rows(batch_id)
    assert [row.n for row in rows if row.error_code == "custom_id_taken"] == [2, 4, 5]
    assert [row.custom_id for row in rows] == ["a", None, "b", None, None, "c"]
    assert "'a'" in str(rows[1].error_message)
    assert post.counts(batch_id) == BatchCounts(waiting=2, refused=4)
    assert post.release(batch_id) == 2


def test_two_batches_may_have_the_same_names(post: Post) -> None:
    for tenant in ("acme", "globex"):
        batch_id = post.receive([good(1, "a", tenant)], tenant)
        assert post.counts(batch_id, tenant) == BatchCounts(waiting=1)


def test_the_key_of_a_whole_batch_names_it(post: Post) -> None:
    batch_id = post.receive([good(1)], key="feed-7")
    named = post.batches.open(new_batch(key="feed-7"))
    assert named is not None
    assert (named.id, named.body_mac) == (batch_id, MAC)
    assert post.batches.open(new_batch("globex", "feed-7")) is None, "another tenant's key is another key"


def test_posting_again_gives_up_what_was_half_there(post: Post) -> None:
    half = post.half([good(1)], key="feed-7")
    again = post.half([good(1)], key="feed-7")
    with pytest.raises(BatchGivenUp):
        post.batches.add(half, [good(2)])
    with pytest.raises(BatchGivenUp):
        post.batches.seal(half, 600, MAC)
    with pytest.raises(BatchErased):
        post.batches.batch("acme", half)
    assert post.batches.seal(again, 600, MAC).state is BatchState.RUNNING


def test_giving_up_works_once_and_only_while_it_is_received(post: Post) -> None:
    half = post.half([good(1)])
    assert post.batches.give_up(half)
    assert not post.batches.give_up(half)
    whole = post.receive([good(1)])
    assert not post.batches.give_up(whole)
    assert not post.batches.give_up("batch_0")
    assert post.state(whole) is BatchState.RUNNING


def test_what_was_given_up_leaves_nothing(post: Post) -> None:
    half = post.half([good(n) for n in range(1, 8)])
    post.batches.give_up(half)
    (left,) = post.batches.unfinished()
    assert (left.id, left.erased) == (half, True)
    assert [post.batches.clear(half, 3) for _ in range(5)] == [3, 3, 1, 0, 0]
    assert post.batches.unfinished() == ()
    with pytest.raises(BatchUnknown):
        post.batches.batch("acme", half)


@pytest.mark.parametrize("batch_id", ["", "nope", "\x00", "é", "batch_" + "0" * 32])
def test_what_is_unknown_is_not_there(post: Post, batch_id: str) -> None:
    for call in (post.batches.batch, post.batches.cancel, post.batches.erase, post.batches.retry):
        with pytest.raises(BatchUnknown):
            call("acme", batch_id)


def test_another_tenants_batch_is_not_there(post: Post) -> None:
    batch_id = post.receive([good(1)])
    for call in (post.batches.batch, post.batches.cancel, post.batches.erase, post.batches.retry):
        with pytest.raises(BatchUnknown):
            call("globex", batch_id)
    assert post.batches.page("globex").batches == ()
    assert post.state(batch_id) is BatchState.RUNNING


def test_pages_of_batches_are_newest_first(post: Post, clock: Timepiece) -> None:
    made = []
    for _ in range(5):
        made.append(post.receive([good(1)]))
        clock.pass_ms(1)
    post.batches.erase("acme", made[2])
    expected = [made[4], made[3], made[1], made[0]]
    first = post.batches.page("acme", limit=3)
    rest = post.batches.page("acme", limit=3, cursor=first.next)
    assert [batch.id for batch in first.batches + rest.batches] == expected
    assert rest.next is None
    with pytest.raises(CursorInvalid):
        post.batches.page("acme", cursor="nope")


def test_text_of_any_kind_survives_in_a_row(post: Post) -> None:
    prompt = "Grüße, 水, 🫖 and a tab\t"
    row = good(1, "№ 1", input={"prompt": prompt}, metadata={"ключ": "значение"})
    batch_id = post.receive([row, replace(bad(2), error_message="Nein: „ü“")])
    assert post.release(batch_id) == 1
    shown, refused = post.rows(batch_id)
    assert shown.job is not None
    assert (shown.job.input, shown.job.metadata) == ({"prompt": prompt}, {"ключ": "значение"})
    assert (shown.custom_id, refused.error_message) == ("№ 1", "Nein: „ü“")
