"""The reaper holds back for one lease after a gap, and only then."""

from pressroom.adapters.patience import Patience


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_steady_sweeps_reap() -> None:
    clock = Clock()
    patience = Patience(60_000, 1_000, clock)
    for _ in range(100):
        assert patience.reaps_leases()
        patience.swept()
        clock.now += 1


def test_a_gap_costs_one_lease_of_patience() -> None:
    clock = Clock()
    patience = Patience(60_000, 1_000, clock)
    patience.swept()
    clock.now += 31
    answers = []
    for _ in range(62):
        answers.append(patience.reaps_leases())
        patience.swept()
        clock.now += 1
    assert answers == [False] * 60 + [True, True]


def test_sweeps_that_fail_make_the_gap() -> None:
    """The reaper asks, but never gets as far as ``swept``."""
    clock = Clock()
    patience = Patience(60_000, 1_000, clock)
    patience.swept()
    answers = []
    for _ in range(40):
        clock.now += 1
        answers.append(patience.reaps_leases())
    assert answers == [True] * 30 + [False] * 10


def test_a_short_lease_bears_slow_sweeps() -> None:
    clock = Clock()
    patience = Patience(1_000, 1_000, clock)
    for _ in range(5):
        assert patience.reaps_leases()
        patience.swept()
        clock.now += 2.5
