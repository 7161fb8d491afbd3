"""Estimates over a pool on paper: right on the whole, honest where nobody can know, and sound for any pieces."""

import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.pools import Load, as_of, run

from pressroom.domain.estimate import LEAST, Estimate, Lately, Piece, estimate


def told(pieces: list[Piece], piece: Piece) -> Estimate:
    new = Piece(piece.tenant, piece.model, piece.priority, piece.cost, piece.created_at)
    return estimate(new, as_of(pieces, piece.created_at))


@pytest.mark.parametrize(
    "load",
    [
        Load((3.0,)),
        Load((1.0, 5.0, 2.0, 0.5), 30),
        Load((0.5, 8.0), 20),
        Load((1.0, 4.0), 45, (60,), (1.0, 1.0)),
    ],
    ids=["steady", "spells", "bursts", "alike"],
)
def test_half_and_nine_of_ten_are_done_in_time_under_changing_load(load: Load) -> None:
    pieces = run(load, 400)
    errors, late = [], 0
    for piece in pieces[100:]:
        took = (piece.finished_at or 0) - piece.created_at
        found = told(pieces, piece)
        errors.append(abs(found.p50_ms - took) / took)
        late += took > found.p90_ms
    assert statistics.median(errors) <= 0.3
    assert 0.85 <= 1 - late / len(errors) <= 0.98


def test_without_a_past_it_is_a_guess_that_says_so() -> None:
    found = estimate(Piece("acme", "writer", 5, 600.0, 0), Lately(0, 8))
    assert (found.samples, found.p50_ms, found.p90_ms > found.p50_ms) == (0, 600.0, True)


def test_jobs_of_another_model_are_no_past() -> None:
    pieces = [replace(piece, model="poet") for piece in run(Load((3.0,)), 50)]
    assert estimate(Piece("acme", "writer", 5, 600.0, 10**9), Lately(10**9, 8, tuple(pieces))).samples == 0


def test_more_before_it_takes_longer() -> None:
    pieces = run(Load((1.0, 6.0), 30), 150)
    at = max(piece.finished_at or 0 for piece in pieces) + 1
    waiting = [Piece("acme", "writer", 5, 360.0, at - 1) for _ in range(20)]
    new = Piece("acme", "writer", 5, 360.0, at)
    alone = estimate(new, Lately(at, 8, tuple(pieces)))
    behind = estimate(new, Lately(at, 8, (*pieces, *waiting)))
    assert behind.p50_ms > 1.5 * alone.p50_ms


def test_what_is_served_later_is_not_waited_for() -> None:
    """Jobs of a lower priority, and more of another tenant's than its turns are."""
    pieces = run(Load((1.0, 6.0), 30), 150)
    at = max(piece.finished_at or 0 for piece in pieces) + 1
    new = Piece("acme", "writer", 5, 360.0, at)
    alone = estimate(new, Lately(at, 8, tuple(pieces)))
    low = [Piece("acme", "writer", 4, 360.0, at - 1) for _ in range(50)]
    assert estimate(new, Lately(at, 8, (*pieces, *low))) == alone
    others = [Piece("globex", "writer", 5, 360.0, at - 1) for _ in range(8)]
    many = [Piece("globex", "writer", 5, 360.0, at - 1) for _ in range(50)]
    few_first = estimate(new, Lately(at, 8, (*pieces, *others)))
    many_first = estimate(new, Lately(at, 8, (*pieces, *many)))
    assert alone.p50_ms <= many_first.p50_ms <= few_first.p50_ms * 1.01


def test_what_jobs_of_late_wrote_is_what_the_next_may() -> None:
    pieces = run(Load((3.0,), written=(0.5, 0.5)), 100)
    at = max(piece.finished_at or 0 for piece in pieces) + 1
    found = estimate(Piece("acme", "writer", 5, 360.0, at), Lately(at, 8, tuple(pieces)))
    assert found.share_written == pytest.approx(0.5, abs=0.02)
    assert found.samples == 100


_PIECES = st.builds(
    Piece,
    tenant=st.sampled_from(["acme", "globex"]),
    model=st.just("writer"),
    priority=st.integers(0, 9),
    cost=st.floats(1, 1e6),
    created_at=st.integers(0, 10**6),
    claimed_at=st.none() | st.integers(0, 10**6),
    finished_at=st.none() | st.integers(0, 10**6),
    succeeded=st.booleans(),
    engine_ms=st.integers(0, 10**6),
    tokens_out=st.integers(0, 10**4),
).map(lambda piece: replace(piece, succeeded=piece.succeeded and piece.finished_at is not None))


@given(st.lists(_PIECES, max_size=40), st.integers(0, 100))
@settings(max_examples=200, deadline=None)
def test_whatever_happened_the_estimate_is_a_time(pieces: list[Piece], places: int) -> None:
    """Also where clocks were set, nothing took any time, or all jobs are alike."""
    found = estimate(Piece("acme", "writer", 5, 30.0, 10**6), Lately(10**6, places, tuple(pieces)))
    assert 0 < found.p50_ms <= found.p90_ms < float("inf")
    assert 0 <= found.share_written <= 1
    assert found.engine_ms >= 0
    learnt = sum(piece.succeeded for piece in pieces)
    assert found.samples == (learnt if learnt >= LEAST else 0)
