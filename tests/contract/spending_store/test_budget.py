"""A campaign's budget: held when a job is accepted, settled by its end, whichever that is, and never overrun."""

import threading
from typing import Any

import pytest
from tests.support.batches import good
from tests.support.books import PRICE, READ, Books, meter, spent
from tests.support.jobs import LEASE_MS, failure, partial, picture, success

from pressroom.domain.batch import RowState
from pressroom.domain.errors import BudgetSpent, BudgetUnknown
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.spending import Amount
from pressroom.domain.states import State
from pressroom.jobs.ports import QueueLimits

POLICY = RetryPolicy(errors_limit=1)
LIMITS = QueueLimits()


def test_a_job_holds_what_it_can_cost_and_pays_what_it_made(books: Books) -> None:
    books.budget(tokens=100)
    claim = books.running(tokens=40)
    held = books.spending.budget("acme", "spring")
    assert (held.held, held.spent) == (Amount(40, PRICE.of(READ, 30, 0)), Amount())
    assert books.jobs.complete(claim.held, success(usage=spent(7)))
    assert books.jobs.job("acme", claim.job.id).charged_nanos == PRICE.of(READ, 7, 0)
    assert (books.booked().held, books.booked().spent) == (Amount(), Amount(17, PRICE.of(READ, 7, 0)))


@pytest.mark.parametrize("bound", [{"tokens": 79}, {"nanos": 2 * PRICE.of(READ, 30, 0) - 1}])
def test_what_does_not_fit_is_refused_and_leaves_nothing(books: Books, bound: dict[str, Any]) -> None:
    books.budget(**bound)
    first = books.submit()
    with pytest.raises(BudgetSpent) as refused:
        books.submit()
    assert not refused.value.for_good
    assert [job.id for job in books.jobs.jobs("acme").jobs] == [first.id]
    assert books.booked().held == Amount(40, PRICE.of(READ, 30, 0))
    books.jobs.cancel("acme", first.id)
    assert books.submit().state is State.QUEUED


@pytest.mark.parametrize("bound", [{"tokens": 39}, {"nanos": PRICE.of(READ, 30, 0) - 1}])
def test_what_could_never_fit_is_refused_for_good(books: Books, bound: dict[str, Any]) -> None:
    books.budget(**bound)
    with pytest.raises(BudgetSpent) as refused:
        books.submit()
    assert refused.value.for_good
    assert refused.value.field == "campaign"


def test_the_last_token_can_be_spent(books: Books) -> None:
    books.budget(tokens=40)
    claim = books.running(tokens=40)
    books.jobs.complete(claim.held, success(usage=spent(30)))
    assert books.booked().spent == Amount(40, PRICE.of(READ, 30, 0))
    with pytest.raises(BudgetSpent):
        books.submit(tokens=READ)


def test_who_is_refused_learns_of_what_has_just_ended(books: Books) -> None:
    """The relay has booked nothing yet."""
    books.budget(tokens=50)
    claim = books.running(tokens=40)
    books.jobs.complete(claim.held, success(usage=spent(1)))
    assert books.submit(tokens=39).state is State.QUEUED
    assert books.booked().held.tokens == 39


def _canceled_in_the_queue(books: Books) -> None:
    books.jobs.cancel("acme", books.submit().id)


def _canceled_while_it_ran(books: Books) -> None:
    claim = books.running()
    books.jobs.cancel("acme", claim.job.id)
    books.jobs.complete(claim.held, partial(state=State.CANCELED, usage=spent(5)))


def _failed(books: Books) -> None:
    claim = books.running()
    books.jobs.complete(claim.held, partial(usage=spent(5)))


def _released_to_its_end(books: Books) -> None:
    claim = books.running()
    books.jobs.release(claim.held, failure(), partial(usage=spent(5)), POLICY)


def _requeued_and_then_succeeded(books: Books) -> None:
    claim = books.running()
    drained = failure(FailureKind.DRAIN)
    assert books.jobs.release(claim.held, drained, partial(usage=spent(20)), POLICY) is State.QUEUED
    assert books.spending.budget("acme", "spring").held.tokens == 40
    (again,) = books.desk.claim()
    books.jobs.complete(again.held, success(usage=spent(5)))


def _expired(books: Books) -> None:
    books.submit()
    books.clock.pass_ms(3_700_000)
    assert books.jobs.reap(POLICY).expired


def _reaped(books: Books) -> None:
    claim = books.running()
    books.jobs.cancel("acme", claim.job.id)
    books.clock.pass_ms(LEASE_MS + 1)
    assert books.jobs.reap(POLICY).canceled


def _erased_in_the_queue(books: Books) -> None:
    books.jobs.erase("acme", books.submit().id)


def _erased_while_it_ran(books: Books) -> None:
    books.jobs.erase("acme", books.running().job.id)


def _erased_after_its_end(books: Books) -> None:
    claim = books.running()
    books.jobs.complete(claim.held, success(usage=spent(5)))
    books.jobs.erase("acme", claim.job.id)


@pytest.mark.parametrize(
    ("end", "tokens"),
    [
        (_canceled_in_the_queue, 0),
        (_canceled_while_it_ran, 15),
        (_failed, 15),
        (_released_to_its_end, 15),
        (_requeued_and_then_succeeded, 15),
        (_expired, 0),
        (_reaped, 0),
        (_erased_in_the_queue, 0),
        (_erased_while_it_ran, 40),
        (_erased_after_its_end, 15),
    ],
)
def test_every_end_settles_once(books: Books, end: Any, tokens: int) -> None:
    """What nobody got costs nothing; of what was erased while it ran nobody knows, so that it costs all of it."""
    books.budget(tokens=100)
    end(books)
    found = books.booked()
    assert (found.held, found.spent.tokens) == (Amount(), tokens)
    (line,) = books.spending.usage("acme", "2000-01-01", "2999-01-01")
    assert line.jobs == 1


def test_a_charge_is_never_above_its_hold(books: Books) -> None:
    books.budget(tokens=100)
    claim = books.running(tokens=40)
    books.jobs.complete(claim.held, success(usage=spent(60)))
    assert books.booked().spent == Amount(40, PRICE.of(READ, 30, 0))


def test_pictures_cost_by_the_piece(books: Books) -> None:
    books.budget(nanos=PRICE.picture * 3)
    of_three = meter(tokens=READ)
    held = type(of_three)(Amount(0, PRICE.picture * 3), PRICE, campaign="spring")
    claim = books.desk.running(meter=held)
    outputs = [picture(n, claim.job.id, 1) for n in range(2)]
    books.jobs.complete(claim.held, success(*outputs, usage=type(success().usage)(0, 0, 9)))
    assert books.booked().spent == Amount(0, PRICE.picture * 2)


def test_without_a_budget_a_campaign_is_a_name(books: Books) -> None:
    claim = books.running(campaign="autumn")
    books.jobs.complete(claim.held, success())
    (line,) = books.spending.usage("acme", "2000-01-01", "2999-01-01")
    assert line.campaign == "autumn"


def test_a_budget_is_its_tenants(books: Books) -> None:
    books.budget(tokens=1)
    assert books.desk.submit("globex", meter=meter()).state is State.QUEUED
    assert books.spending.budgets("globex") == ()
    with pytest.raises(BudgetUnknown):
        books.spending.budget("globex", "spring")
    with pytest.raises(BudgetUnknown):
        books.spending.remove_budget("globex", "spring")


def test_a_budget_is_raised_and_what_was_spent_stays(books: Books) -> None:
    books.budget(tokens=40)
    claim = books.running(tokens=40)
    books.jobs.complete(claim.held, success(usage=spent(30)))
    before = books.booked()
    books.budget(tokens=80)
    after = books.booked()
    assert (after.id, after.spent, after.tokens) == (before.id, before.spent, 80)
    assert books.submit().state is State.QUEUED


def test_a_budget_made_anew_knows_nothing_of_jobs_of_the_old_one(books: Books) -> None:
    books.budget(tokens=40)
    claim = books.running(tokens=40)
    books.spending.remove_budget("acme", "spring")
    books.budget(tokens=40)
    books.jobs.complete(claim.held, success(usage=spent(30)))
    assert (books.booked().held, books.booked().spent) == (Amount(), Amount())


def test_jobs_of_before_the_budget_do_not_touch_it(books: Books) -> None:
    claim = books.running(tokens=40)
    books.budget(tokens=40)
    books.jobs.complete(claim.held, success(usage=spent(30)))
    assert (books.booked().held, books.booked().spent) == (Amount(), Amount())


@pytest.mark.parametrize("campaign", ["", "nope", "\x00", "é", "' OR 1=1 --", "x" * 400])
def test_an_unknown_budget_is_not_there(books: Books, campaign: str) -> None:
    books.budget(tokens=1)
    with pytest.raises(BudgetUnknown):
        books.spending.budget("acme", campaign)
    with pytest.raises(BudgetUnknown):
        books.spending.remove_budget("acme", campaign)


def test_a_requeued_job_is_held_for_anew(books: Books) -> None:
    books.budget(tokens=60)
    claim = books.running(tokens=40)
    books.jobs.complete(claim.held, partial(usage=spent(5)))
    again = books.requeues.requeue("acme", claim.job.id, "job_" + "a" * 32, None, LIMITS).job
    assert again.meter == claim.job.meter
    assert (books.booked().held.tokens, books.booked().spent.tokens) == (40, 15)
    books.jobs.cancel("acme", again.id)
    books.submit(tokens=40)
    failed = books.desk.claim()[0]
    books.jobs.complete(failed.held, partial(usage=spent(5)))
    with pytest.raises(BudgetSpent):
        books.requeues.requeue("acme", failed.job.id, "job_" + "b" * 32, None, LIMITS)


def test_rows_of_a_batch_wait_for_their_budget_and_are_refused_once_it_is_spent(books: Books) -> None:
    books.budget(tokens=85)
    post = books.post
    batch = post.receive([good(n, meter=meter()) for n in range(1, 5)])
    assert post.release(batch) == 2
    assert [row.state for row in post.rows(batch)] == [RowState.QUEUED] * 2 + [RowState.WAITING] * 2
    for claim in books.desk.claim(2):
        books.jobs.complete(claim.held, success(usage=spent(5)))
    books.booked()
    assert post.release(batch) == 1
    (claim,) = books.desk.claim(2)
    books.jobs.complete(claim.held, success(usage=spent(30)))
    books.booked()
    assert post.release(batch) == 0
    rows = post.rows(batch)
    assert [row.state for row in rows] == [RowState.SUCCEEDED] * 3 + [RowState.REFUSED]
    assert rows[3].error_code == "budget_spent"
    assert books.batches.settle(batch)
    assert books.booked().spent.tokens == 15 + 15 + 40


def test_one_row_that_never_fits_holds_up_no_other(books: Books) -> None:
    books.budget(tokens=60)
    batch = books.post.receive([good(1, meter=meter(tokens=61)), good(2, meter=meter(tokens=40))])
    assert books.post.release(batch) == 1
    assert [row.state for row in books.post.rows(batch)] == [RowState.REFUSED, RowState.QUEUED]


def test_a_row_made_anew_is_held_for_anew(books: Books) -> None:
    books.budget(tokens=60)
    batch = books.post.receive([good(1, meter=meter())])
    books.post.release(batch)
    (claim,) = books.desk.claim()
    books.jobs.complete(claim.held, partial(usage=spent(5)))
    assert books.batches.retry("acme", batch) == 1
    books.booked()
    assert books.post.release(batch) == 1
    assert (books.booked().held.tokens, books.booked().spent.tokens) == (40, 15)


def test_sixty_four_threads_do_not_overbook_it(books: Books) -> None:
    """Each submits, runs and ends what it can get, until there is nothing left."""
    books.budget(tokens=2_000)
    start = threading.Barrier(64)
    refused = [0] * 64
    most = [0]

    def spend(number: int) -> None:
        start.wait()
        for _ in range(4):
            try:
                books.submit(tokens=40)
            except BudgetSpent:
                refused[number] += 1
            for claim in books.desk.claim(2, worker=f"worker-{number}"):
                books.jobs.complete(claim.held, success(usage=spent(25)))
            found = books.spending.budget("acme", "spring")
            most[0] = max(most[0], found.held.tokens + found.spent.tokens)

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for claim in books.desk.claim(300):
        books.jobs.complete(claim.held, success(usage=spent(25)))

    found = books.booked()
    assert sum(refused) > 0
    assert most[0] <= 2_000
    assert found.held == Amount()
    jobs = sum(line.jobs for line in books.spending.usage("acme", "2000-01-01", "2999-01-01"))
    assert jobs == 256 - sum(refused)
    assert found.spent.tokens == 35 * jobs
    # As many as there was room for, not fewer: the next one does not fit.
    with pytest.raises(BudgetSpent):
        books.submit(tokens=2_001 - found.spent.tokens)
    assert books.submit(tokens=2_000 - found.spent.tokens).state is State.QUEUED
