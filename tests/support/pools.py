"""A pool of one worker on paper: jobs come, wait for a place, and share its steps."""

import random
from dataclasses import dataclass, replace

from pressroom.domain.cost import TOKEN_MS
from pressroom.domain.estimate import Lately, Piece


@dataclass
class Load:
    """Jobs that come: how many a second, in spells of ``spell_s``, and how long they are."""

    per_s: tuple[float, ...]
    spell_s: float = 60.0
    tokens: tuple[int, ...] = (20, 60, 120)
    written: tuple[float, float] = (0.7, 1.0)


def run(
    load: Load, jobs: int, *, places: int = 8, step_ms: float = 8.0, each_ms: float = 4.0, seed: int = 1
) -> list[Piece]:
    """These jobs as they end: a step is ``step_ms`` and ``each_ms`` more for each that runs."""
    rng = random.Random(seed)
    pieces: list[Piece] = []
    lengths: list[int] = []
    at = 0.0
    for _ in range(jobs):
        rate = load.per_s[int(at / load.spell_s) % len(load.per_s)]
        at += rng.expovariate(rate)
        most = rng.choice(load.tokens)
        lengths.append(max(1, round(most * rng.uniform(*load.written))))
        pieces.append(Piece("acme", "writer", 5, most * TOKEN_MS, int(at * 1000)))
    left = dict(enumerate(lengths))
    spent = dict.fromkeys(left, 0.0)
    waiting = list(left)
    running: list[int] = []
    now = 0.0
    while waiting or running:
        if not running and waiting:
            now = max(now, pieces[waiting[0]].created_at)
        while waiting and len(running) < places and pieces[waiting[0]].created_at <= now:
            first = waiting.pop(0)
            pieces[first] = replace(pieces[first], claimed_at=int(now))
            running.append(first)
        took = step_ms + each_ms * len(running)
        now += took
        for each in running[:]:
            left[each] -= 1
            spent[each] += took / len(running)
            if not left[each]:
                running.remove(each)
                pieces[each] = replace(
                    pieces[each],
                    finished_at=int(now),
                    succeeded=True,
                    engine_ms=round(spent[each]),
                    tokens_out=lengths[each],
                )
    return pieces


def as_of(pieces: list[Piece], at: int, *, places: int = 8, most: int = 300) -> Lately:
    """What a store would have told at a moment: nothing of what came later, and no more ended ones than ``most``."""
    known = [piece for piece in pieces if piece.created_at < at]
    ended = [piece for piece in known if piece.finished_at is not None and piece.finished_at <= at]
    ended.sort(key=lambda piece: piece.finished_at or 0)
    # No store remembers what ended before that.
    shown = ended[-most:]
    for piece in known:
        if piece.finished_at is None or piece.finished_at > at:
            later = piece.claimed_at is None or piece.claimed_at > at
            shown.append(
                replace(
                    piece, finished_at=None, succeeded=False, claimed_at=None if later else piece.claimed_at
                )
            )
    return Lately(at, places, tuple(shown))
