"""When a job would be done, told from how it went of late: half of such jobs sooner, nine of ten.

Each job that ended lately is looked at as it stood when it was accepted: how much of its own there was to make, how
many jobs shared the engine, how much work waited before it, how much ran. A line through these (least squares of
relative errors, no weight below 0: Lawson and Hanson, Solving Least Squares Problems, ch. 23, by trying each set of
terms, as there are few) is the expectation:

    time = overhead + own + own · sharing + waiting + running

and how far the jobs of late were from it is how far the next one may be: their quantiles, taken as in split
conformal prediction (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2.2), so that as many
of those to come are below the second as the word says, while the load goes on changing as it did. Where the newest
were further off than all together, it is theirs.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pressroom.domain.cost import TOKEN_MS

# With fewer, nobody can tell: a guess by the estimated cost, and a wide one.
LEAST = 10
_TERMS = 5
# Of so many that ended last is learnt; and so many tell whether something has changed.
_LEARNT = 150
_NEWEST = 25
# A guess: nine of ten are done within so many times of it.
_WIDE = 4.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A job of a pool, open or ended. Times are milliseconds; ``claimed_at`` and ``finished_at`` are None where it has
    not come to that. ``cost``: its estimated cost (``domain.cost``); ``engine_ms`` and ``tokens_out``: what it took and
    wrote in the end."""

    tenant: str
    model: str
    priority: int
    cost: float
    created_at: int
    claimed_at: int | None = None
    finished_at: int | None = None
    succeeded: bool = False
    engine_ms: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Lately:
    """What a pool does and has done: jobs that are open, or ended of late. ``places``: how many jobs its live workers run
    at once. ``now`` is by the clock of the pieces' times, in milliseconds."""

    now: int
    places: int
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """Milliseconds from now until half of such jobs, and until nine of ten, are done; and what the job is expected to
    cost an engine, and the part of the tokens it may write that it is expected to. ``samples``: jobs of late that
    all that is told from; 0 is a guess."""

    p50_ms: float
    p90_ms: float
    engine_ms: float
    share_written: float
    samples: int


def estimate(new: Piece, lately: Lately) -> Estimate:
    """Of a job that would be accepted now. Learnt from are those of its model that succeeded."""
    learnt = [piece for piece in lately.pieces if piece.model == new.model and piece.succeeded]
    learnt = sorted(learnt, key=lambda piece: piece.finished_at or 0)[-_LEARNT:]
    scales = _scales(lately.pieces)
    work = [(piece, piece.cost * scales.get(piece.model, 1.0)) for piece in lately.pieces]
    own = new.cost * scales.get(new.model, 1.0)
    ahead = _features(new, own, work, lately.places)
    if len(learnt) < LEAST:
        guess = max(1.0, own + ahead[3] / max(1, lately.places))
        return Estimate(guess, guess * _WIDE, own, 1.0, 0)
    seen = [
        _features(piece, piece.cost * scales.get(piece.model, 1.0), work, lately.places) for piece in learnt
    ]
    took = [max(1.0, float((piece.finished_at or 0) - piece.created_at)) for piece in learnt]
    weights = _fitted(seen, took)
    ratios = [
        time / max(1.0, _expected(weights, features)) for time, features in zip(took, seen, strict=True)
    ]
    expected = max(1.0, _expected(weights, ahead))
    return Estimate(
        expected * _quantile(ratios, 0.5),
        expected * max(_quantile(ratios, 0.9), _quantile(ratios[-_NEWEST:], 0.9)),
        own,
        min(1.0, sum(piece.tokens_out for piece in learnt) * TOKEN_MS / sum(piece.cost for piece in learnt)),
        len(learnt),
    )


def _scales(pieces: Sequence[Piece]) -> dict[str, float]:
    """By model: what jobs of late took an engine, for each of what it was estimated before."""
    sums: dict[str, tuple[float, float]] = {}
    for piece in pieces:
        if piece.succeeded and piece.engine_ms > 0:
            took, cost = sums.get(piece.model, (0.0, 0.0))
            sums[piece.model] = took + piece.engine_ms, cost + piece.cost
    return {model: took / cost for model, (took, cost) in sums.items()}


def _features(
    new: Piece, own: float, pieces: Sequence[tuple[Piece, float]], places: int
) -> tuple[float, ...]:
    """1; its own work; that times the jobs that would share the engine with it; the work that waited before it; and the
    work that ran: when it was accepted."""
    at = new.created_at
    sharing, running, mine = 0, 0.0, 0.0
    others: dict[str, float] = {}
    for piece, work in pieces:
        if (
            piece is new
            or piece.created_at > at
            or (piece.finished_at is not None and piece.finished_at <= at)
        ):
            continue
        if piece.claimed_at is not None and piece.claimed_at <= at:
            running += work
            sharing += 1
        elif piece.tenant != new.tenant:
            others[piece.tenant] = others.get(piece.tenant, 0.0) + work
            sharing += 1
        elif piece.priority >= new.priority:
            mine += work
            sharing += 1
    # Tenants take turns: none is served more before it than its own lane is.
    turns = sum(min(work, mine + own) for work in others.values())
    return (1.0, own, own * min(sharing, max(1, places)), mine + turns, running)


def _fitted(seen: Sequence[Sequence[float]], took: Sequence[float]) -> tuple[float, ...]:
    """The weights of the terms, none below 0, with the least squares of relative errors."""
    rows = [[value / time for value in features] for features, time in zip(seen, took, strict=True)]
    best: tuple[float, tuple[float, ...]] | None = None
    for count in range(1, _TERMS + 1):
        for terms in itertools.combinations(range(_TERMS), count):
            found = _solved(rows, terms)
            if found is None or min(found) < 0:
                continue
            weights = [0.0] * _TERMS
            for term, weight in zip(terms, found, strict=True):
                weights[term] = weight
            error = sum((1.0 - _expected(weights, row)) ** 2 for row in rows)
            if best is None or error < best[0] * (1 - 1e-9):
                best = error, tuple(weights)
    # The overhead alone always has a solution.
    return best[1] if best is not None else (sum(took) / len(took), 0.0, 0.0, 0.0)


def _solved(rows: Sequence[Sequence[float]], terms: Sequence[int]) -> list[float] | None:
    """Least squares of ones over these columns, by the normal equations; None where they say too little."""
    size = len(terms)
    matrix = [
        [sum(row[one] * row[other] for row in rows) for other in terms] + [sum(row[one] for row in rows)]
        for one in terms
    ]
    for step in range(size):
        pivot = max(range(step, size), key=lambda at: abs(matrix[at][step]))
        if abs(matrix[pivot][step]) < 1e-12:
            return None
        matrix[step], matrix[pivot] = matrix[pivot], matrix[step]
        for below in range(size):
            if below == step:
                continue
            share = matrix[below][step] / matrix[step][step]
            matrix[below] = [a - share * b for a, b in zip(matrix[below], matrix[step], strict=True)]
    return [matrix[step][size] / matrix[step][step] for step in range(size)]


def _expected(weights: Sequence[float], features: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, features, strict=True))


def _quantile(values: Sequence[float], share: float) -> float:
    """As many of those to come are expected at or below it."""
    in_order = sorted(values)
    return in_order[min(len(in_order), max(1, math.ceil(share * (len(in_order) + 1)))) - 1]
