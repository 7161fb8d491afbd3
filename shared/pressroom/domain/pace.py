"""How fast a queue moves, and so how long a refused client should wait: what a 429 says.

A job that ends makes room for one that is claimed, so the ends of late tell how fast places become
free. Two readings of them are taken and the longer one is told: the mean rate, and the mean time that
is left of a pause between two ends for one who comes at any moment (sum of squares / twice the sum of
the pauses: renewal theory, W. Feller, An Introduction to Probability II, XI.4). The second is what
counts where jobs end in clumps, as the pictures of a micro-batch do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# Ends of the last minute count, and at least so many of the last hour: a slow queue has few in a minute.
RECENT_MS = 60_000
LONGEST_MS = 3_600_000
_AT_LEAST = 8
# What is told where nothing can be measured.
UNKNOWN_S = 60
_BOUNDS_S = (1, 3_600)


class Bound(StrEnum):
    """Which bound of the queue is reached."""

    LANE = "lane"
    POOL = "pool"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Drain:
    """What a store measures of a full queue, in milliseconds of its clock.

    ``over``: how many jobs must leave before there is room for one. ``ends``: when its last jobs
    ended, the newest first. ``workers``: those alive that would claim from it. For a lane,
    ``pool_ends`` are those of its whole pool and ``share`` is the part of the pool that is fairly its own.
    """

    now: int
    over: int
    ends: Sequence[int]
    workers: int
    pool_ends: Sequence[int] = ()
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """``seconds`` until there is room, whole ones; ``per_second``: jobs that end, None if unknown."""

    seconds: int
    per_second: float | None
    workers: int


def forecast(drain: Drain) -> Forecast:
    """When there will be room, as far as the ends of late tell."""
    own, pool = _seconds(drain.ends, drain.now, drain.over), None
    rate = _rate(drain.ends, drain.now)
    if own is None:
        # A lane that was not served of late gets its share of what the pool does.
        pool = _seconds(drain.pool_ends, drain.now, drain.over)
        pool_rate = _rate(drain.pool_ends, drain.now)
        rate = pool_rate * drain.share if pool_rate is not None else None
    seconds = own if own is not None else pool / drain.share if pool is not None else None
    if drain.workers == 0:
        # What ended was done by workers that are gone.
        seconds, rate = max(seconds or 0.0, float(UNKNOWN_S)), None
    least, most = _BOUNDS_S
    whole = math.ceil(seconds) if seconds is not None else UNKNOWN_S
    return Forecast(min(max(whole, least), most), rate, drain.workers)


def _lately(ends: Sequence[int], now: int) -> list[int]:
    """The ends that tell how it goes now, newest first."""
    recent = [at for at in ends if at > now - RECENT_MS]
    return recent if len(recent) >= _AT_LEAST else list(ends[:_AT_LEAST])


def _rate(ends: Sequence[int], now: int) -> float | None:
    """Ends a second since the oldest one that counts, which is where counting begins."""
    known = _lately(ends, now)
    if not known:
        return None
    since = max(now - known[-1], 1)
    # The first one only opens the span, unless it is all that is known.
    return max(len(known) - 1, 1) * 1000 / since


def _seconds(ends: Sequence[int], now: int, places: int) -> float | None:
    rate = _rate(ends, now)
    if rate is None:
        return None
    known = _lately(ends, now)
    # The pause that is under way counts for as long as it has lasted.
    pauses = [later - earlier for later, earlier in zip([now, *known], known, strict=False)]
    left_s = sum(pause * pause for pause in pauses) / max(2 * sum(pauses), 1) / 1000
    return max(places / rate, left_s)
