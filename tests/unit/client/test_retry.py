"""Pauses, their bounds, and Retry-After in both its forms."""

from datetime import UTC, datetime

import pytest
from tests.support.answers import Time

from pressroom.client.retry import Pauses, RetryPolicy, retry_after_s


def test_pauses_double_up_to_the_last_and_end_with_the_tries(time: Time) -> None:
    pauses = Pauses(RetryPolicy(tries=6, first_s=1, last_s=5, budget_s=1_000), time.clock, lambda: 1.0)
    assert [pauses.next() for _ in range(7)] == [1, 2, 4, 5, 5, None, None]


def test_jitter_draws_the_whole_range(time: Time) -> None:
    policy = RetryPolicy(first_s=1)
    assert Pauses(policy, time.clock, lambda: 0.0).next() == 0
    assert Pauses(policy, time.clock, lambda: 0.5).next() == 0.5


def test_never_shorter_than_the_server_asks(time: Time) -> None:
    assert Pauses(RetryPolicy(first_s=1), time.clock, lambda: 0.0).next(7.0) == 7.0
    assert Pauses(RetryPolicy(first_s=1), time.clock, lambda: 1.0).next(7.0) == 8.0


def test_no_pause_beyond_the_budget(time: Time) -> None:
    pauses = Pauses(RetryPolicy(budget_s=10), time.clock, lambda: 1.0)
    assert pauses.next(11.0) is None
    time.sleep(9.9)
    assert pauses.next() is None


def test_reset_gives_tries_and_budget_back(time: Time) -> None:
    pauses = Pauses(RetryPolicy(tries=2, first_s=1, budget_s=10), time.clock, lambda: 1.0)
    assert pauses.next() == 1
    assert pauses.next() is None
    time.sleep(20)
    pauses.reset()
    assert pauses.next() == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        (" 3 ", 3.0),
        ("-3", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Wed, 21 Oct 2026 07:28:05 GMT", 5.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, datetime(2026, 10, 21, 7, 28, tzinfo=UTC)) == seconds
