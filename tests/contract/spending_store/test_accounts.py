"""Prices, daily tokens and concurrency of keys, and the usage."""

import pytest
from tests.support.batches import good
from tests.support.books import PRICE, Books, meter, spent
from tests.support.jobs import MODEL, failure, partial, success

from pressroom.domain.batch import RowState
from pressroom.domain.errors import PriceUnknown, TokensSpent
from pressroom.domain.job import PinnedModel
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.spending import Price, Used, day_of
from pressroom.domain.states import State

KEY = "0123456789ab"
EVER = ("2000-01-01", "2999-12-31")
DAY_MS = 86_400_000


# -- prices ----------------------------------------------------------------------------------
def test_prices_are_set_changed_and_removed(books: Books) -> None:
    assert books.spending.prices() == {}
    books.spending.set_price("writer", PRICE)
    books.spending.set_price("*", Price(1))
    books.spending.set_price("writer", Price(2, 3, 4))
    assert books.spending.prices() == {"*": Price(1), "writer": Price(2, 3, 4)}
    books.spending.remove_price("*")
    assert books.spending.prices() == {"writer": Price(2, 3, 4)}


@pytest.mark.parametrize("model", ["", "painter", "\x00"])
def test_a_price_that_is_not_there_cannot_be_removed(books: Books, model: str) -> None:
    books.spending.set_price("writer", PRICE)
    with pytest.raises(PriceUnknown):
        books.spending.remove_price(model)


def test_a_job_pays_the_price_of_when_it_was_accepted(books: Books) -> None:
    books.spending.set_price("writer", PRICE)
    claim = books.running(tokens=40)
    books.spending.set_price("writer", Price(10**6, 10**6))
    books.jobs.complete(claim.held, success(usage=spent(5)))
    assert books.jobs.job("acme", claim.job.id).charged_nanos == PRICE.of(10, 5, 0)


# -- tokens a day ----------------------------------------------------------------------------
def test_a_key_has_so_many_tokens_a_day(books: Books) -> None:
    books.key()
    claim = books.running(tokens=40, api_key=KEY, tokens_day=70)
    with pytest.raises(TokensSpent) as refused:
        books.submit(api_key=KEY, tokens_day=70)
    assert not refused.value.for_good
    assert 0 < (refused.value.retry_after_s or 0) <= 86_400
    books.jobs.complete(claim.held, success(usage=spent(5)))
    assert books.submit(tokens=55, api_key=KEY, tokens_day=70).state is State.QUEUED
    assert books.spending.tokens_today(KEY) == 70


def test_more_than_a_day_has_is_refused_for_good(books: Books) -> None:
    with pytest.raises(TokensSpent) as refused:
        books.submit(tokens=71, api_key=KEY, tokens_day=70)
    assert refused.value.for_good


def test_tomorrow_has_tokens_of_its_own(books: Books) -> None:
    claim = books.running(tokens=70, api_key=KEY, tokens_day=70)
    books.clock.pass_ms(DAY_MS)
    books.submit(tokens=70, api_key=KEY, tokens_day=70)
    with pytest.raises(TokensSpent):
        books.submit(tokens=11, api_key=KEY, tokens_day=70)
    # What was held yesterday comes back to yesterday.
    books.jobs.complete(claim.held, success(usage=spent(0)))
    with pytest.raises(TokensSpent):
        books.submit(tokens=11, api_key=KEY, tokens_day=70)


def test_days_of_keys_are_forgotten_once_nothing_is_held_of_them(books: Books) -> None:
    claim = books.running(tokens=70, api_key=KEY, tokens_day=70)
    assert books.spending.forget_days() == 0
    books.clock.pass_ms(DAY_MS)
    assert books.spending.forget_days() == 0
    books.jobs.complete(claim.held, success(usage=spent(0)))
    while books.spending.book():
        pass
    assert books.spending.forget_days() == 1
    assert books.spending.forget_days() == 0


def test_rows_of_a_batch_wait_for_tomorrow(books: Books) -> None:
    on_key = meter(tokens=40, api_key=KEY, tokens_day=70)
    batch = books.post.receive([good(n, meter=on_key) for n in (1, 2)])
    assert books.post.release(batch) == 1
    assert books.post.release(batch) == 0
    books.clock.pass_ms(DAY_MS)
    assert books.post.release(batch) == 1
    assert [row.state for row in books.post.rows(batch)] == [RowState.QUEUED] * 2


@pytest.mark.parametrize("key_id", ["", "nope", "\x00"])
def test_an_unknown_key_has_spent_nothing(books: Books, key_id: str) -> None:
    assert books.spending.tokens_today(key_id) == 0


# -- concurrency -----------------------------------------------------------------------------
def test_a_key_runs_so_many_jobs_at_once_and_others_go_on(books: Books) -> None:
    books.key(concurrency=2)
    other = books.key("b" * 12)
    for _ in range(4):
        books.submit(api_key=KEY)
    free = [books.submit(api_key=other.id).id, books.submit(api_key=None).id]
    claims = books.desk.claim(3)
    claims += books.desk.claim(3)
    of_key = [claim for claim in claims if claim.job.meter is not None and claim.job.meter.api_key == KEY]
    assert len(of_key) == 2
    assert {claim.job.id for claim in claims} >= set(free)
    assert books.desk.claim(3) == []
    books.jobs.complete(of_key[0].held, success())
    assert len(books.desk.claim(3)) == 1
    assert books.desk.claim(3) == []


def test_a_job_that_is_given_back_makes_a_place(books: Books) -> None:
    books.key(concurrency=1)
    books.submit(api_key=KEY)
    (claim,) = books.desk.claim(2)
    books.submit(api_key=KEY)
    assert books.desk.claim(2) == []
    books.jobs.release(claim.held, failure(FailureKind.DRAIN), partial(), RetryPolicy())
    assert len(books.desk.claim(2)) == 1


def test_a_changed_concurrency_is_in_force_at_the_next_claim(books: Books) -> None:
    key = books.key(concurrency=1)
    for _ in range(3):
        books.submit(api_key=KEY)
    assert len(books.desk.claim(4)) == 1
    assert books.keys.limit(KEY, type(key.limits)(concurrency=2))
    assert len(books.desk.claim(4)) == 1
    assert books.keys.limit(KEY, type(key.limits)())
    assert len(books.desk.claim(4)) == 1


# -- usage -----------------------------------------------------------------------------------
def test_usage_is_by_day_key_model_and_campaign(books: Books) -> None:
    today = day_of(books.clock.wall)
    for tokens_out, changes in ((5, {}), (6, {}), (7, {"campaign": "autumn"}), (8, {"api_key": KEY})):
        claim = books.running(**changes)
        books.jobs.complete(claim.held, success(usage=spent(tokens_out)))
    failed = books.running()
    books.jobs.complete(failed.held, partial(usage=spent(1)))
    other = PinnedModel("poet", MODEL.version, MODEL.sha256)
    books.jobs.cancel("acme", books.desk.submit(model=other, meter=meter()).id)
    expected = (
        Used(today, "acme", "", "poet", "spring", 1),
        Used(today, "acme", "", "writer", "autumn", 1, 1, 10, 7, 0, 30, PRICE.of(10, 7, 0)),
        Used(today, "acme", "", "writer", "spring", 3, 2, 30, 12, 0, 90, PRICE.of(30, 12, 0)),
        Used(today, "acme", KEY, "writer", "spring", 1, 1, 10, 8, 0, 30, PRICE.of(10, 8, 0)),
    )
    assert books.spending.usage("acme", *EVER) == expected
    while books.spending.book(2):
        assert books.spending.usage("acme", *EVER) == expected
    assert books.spending.usage("acme", *EVER) == expected
    assert books.spending.usage("acme", today, today) == expected
    assert books.spending.usage("acme", "2000-01-01", "2000-01-02") == ()


def test_usage_is_a_tenants_own_unless_all_are_asked_for(books: Books) -> None:
    for tenant in ("acme", "globex"):
        claim = books.desk.running(tenant=tenant, meter=meter())
        books.jobs.complete(claim.held, success())
    assert [line.tenant for line in books.spending.usage("globex", *EVER)] == ["globex"]
    assert [line.tenant for line in books.spending.usage(None, *EVER)] == ["acme", "globex"]


def test_a_job_without_a_meter_is_counted_and_costs_nothing(books: Books) -> None:
    claim = books.desk.running()
    books.jobs.complete(claim.held, success(usage=spent(5)))
    (line,) = books.spending.usage("acme", *EVER)
    assert (line.api_key, line.campaign, line.tokens_out, line.nanos) == ("", "", 5, 0)


def test_engine_time_is_of_all_attempts(books: Books) -> None:
    claim = books.running()
    books.jobs.release(claim.held, failure(FailureKind.DRAIN), partial(usage=spent(5)), RetryPolicy())
    (again,) = books.desk.claim()
    books.jobs.complete(again.held, success(usage=spent(5)))
    (line,) = books.spending.usage("acme", *EVER)
    assert (line.engine_ms, line.tokens_out) == (60, 5)


def test_usage_outlives_the_erasure_of_its_jobs(books: Books) -> None:
    claim = books.running()
    books.jobs.complete(claim.held, success(usage=spent(5)))
    books.jobs.erase("acme", claim.job.id)
    (line,) = books.spending.usage("acme", *EVER)
    assert (line.jobs, line.succeeded, line.tokens_out) == (1, 1, 5)
