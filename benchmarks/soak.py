"""Half an hour at full load: does anything grow? Memory, file descriptors and threads of each process, Redis keys.

    make soak, or python benchmarks/soak.py [--minutes 30] [--engine real]

A whole stack works under clients of every kind (``soak_load``), with more jobs waiting than its workers have
slots for. Results are kept for a minute and events for half of one, so that what comes and what goes are in
balance from early on, and a leak is not hidden in a store that fills.

Every ten seconds all is measured. The goal for the memory (RSS) of each process: the median of the last minute
is at most 5 % above that of the minute that follows the fifth. PSS is told beside it, without a goal: the
front's processes are forked, and a page that one of them writes to is from then on counted in full for those
that go on sharing it with fewer, so that even a parent that does nothing grows by PSS. Descriptors, threads and keys follow how much
goes on at once, so their high-water marks are compared: that of the second half of the time behind the fifth
minute is at most 5 % and two above that of the first half. A process that was started anew meanwhile misses
the goal. ``by_minute`` shows how the memory went.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import redis
from live_stack import key_for, live_stack
from memory import pss_mb
from record import record
from soak_load import SoakLoad

from pressroom.domain.retention import Retention
from pressroom.stack.up import RunningStack

_SAMPLE_S = 10.0
_WINDOW_S = 60.0
_WARM_SHARE = 1 / 6  # five minutes of thirty
_GOAL = 1.05
_SLACK = 2
_TENANT = "soak"
_KEPT = Retention(results_s=60, prompts_s=60, events_s=30)


@dataclass(frozen=True, slots=True)
class Sample:
    """``at`` in seconds since the start; each figure by its name. ``memory_mb`` is RSS, ``shared_mb`` PSS."""

    at: float
    memory_mb: Mapping[str, float]
    shared_mb: Mapping[str, float]
    counts: Mapping[str, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--engine", choices=("real", "fake"), default="real")
    arguments = parser.parse_args()
    seconds = arguments.minutes * 60
    # A cache that is full within the first minutes, so that its filling is not taken for growth.
    changes = {
        "text_prefix_bytes": 8 << 20,
        "outgoing_allow": "127.0.0.0/8",
        "outgoing_http": True,
        "drain_s": 20.0,
    }
    with live_stack(engine=arguments.engine, **changes) as stack:
        stack.admin.retentions.keep(_TENANT, _KEPT)
        load = SoakLoad(stack.address, key_for(stack, _TENANT))
        with load.running():
            samples, restarts = _watched(stack, seconds)
        work = load.told()
    warm = seconds * _WARM_SHARE
    record(
        "soak",
        {
            "minutes": arguments.minutes,
            "engine": arguments.engine,
            "work": work,
            "restarts": restarts,
            **judged(samples, warm),
        },
    )


def _watched(stack: RunningStack, seconds: float) -> tuple[list[Sample], list[str]]:
    """Samples of the whole time; and the processes that a run should not have lost."""
    keys = redis.Redis.from_url(stack.settings.redis_url)
    began = time.monotonic()
    stopped = threading.Event()
    watcher = threading.Thread(target=stack.watch, args=(stopped.is_set,), daemon=True)
    watcher.start()
    first = _processes(stack)
    samples = []
    try:
        while (left := began + seconds - time.monotonic()) > 0:
            samples.append(_sample(time.monotonic() - began, stack, keys))
            time.sleep(min(left, _SAMPLE_S))
        last = _processes(stack)
    finally:
        stopped.set()
        watcher.join(10)
        keys.close()
    return samples, sorted(name for name in first if last.get(name) != first[name])


def _processes(stack: RunningStack) -> dict[str, psutil.Process]:
    """Every process of the stack, by a name that stays: the part's, and a number for those that it started."""
    found = {}
    for name, pid in stack.pids.items():
        try:
            part = psutil.Process(pid)
            below = sorted(part.children(recursive=True), key=lambda each: each.pid)
        except psutil.NoSuchProcess:
            continue  # it has died, and runs anew under another number
        found[name] = part
        found |= {f"{name}/{number}": each for number, each in enumerate(below, start=1)}
    return found


def _sample(at: float, stack: RunningStack, keys: redis.Redis) -> Sample:
    memory_mb: dict[str, float] = {}
    shared_mb: dict[str, float] = {}
    counts: dict[str, int] = {}
    for name, process in _processes(stack).items():
        try:
            memory_mb[name] = process.memory_info().rss / 1e6
            shared_mb[name] = pss_mb(process.pid)
            counts[f"{name} fds"] = process.num_fds()
            counts[f"{name} threads"] = process.num_threads()
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            continue  # a child that is no more; the end tells
    counts["redis keys"] = int(keys.dbsize())
    return Sample(at, memory_mb, shared_mb, counts)


def judged(samples: Sequence[Sample], warm_s: float) -> dict[str, Any]:
    """Each figure in the minute behind ``warm_s`` and in the last one, and whether the goal is met."""
    end = samples[-1].at
    half = (warm_s + end) / 2
    memory, shared = (
        {
            name: _grown(
                statistics.median(_values(told, warm_s, warm_s + _WINDOW_S)),
                statistics.median(_values(told, end - _WINDOW_S, end)),
                slack=0,
            )
            for name, told in _told(samples, figures).items()
        }
        for figures in (lambda sample: sample.memory_mb, lambda sample: sample.shared_mb)
    )
    counts = {
        name: _grown(max(_values(told, warm_s, half)), max(_values(told, half, end)), slack=_SLACK)
        for name, told in _told(samples, lambda sample: sample.counts).items()
    }
    return {
        "memory_mb": memory,
        "pss_mb": {name: [each["warm"], each["end"]] for name, each in shared.items()},
        "counts": counts,
        "by_minute": _by_minute(samples),
        "met": all(each["met"] for each in (*memory.values(), *counts.values())),
    }


def _told(
    samples: Sequence[Sample], figures: Callable[[Sample], Mapping[str, float]]
) -> dict[str, list[tuple[float, float]]]:
    """Each figure's values with their times. Only of what was there all the time: ``restarts`` has the others."""
    told: dict[str, list[tuple[float, float]]] = {}
    for sample in samples:
        for name, value in figures(sample).items():
            told.setdefault(name, []).append((sample.at, value))
    return {name: values for name, values in sorted(told.items()) if len(values) == len(samples)}


def _values(told: Sequence[tuple[float, float]], begin: float, end: float) -> list[float]:
    """Those from ``begin`` to ``end`` seconds, or the one that is nearest to them."""
    within = [value for at, value in told if begin <= at <= end]
    return within or [min(told, key=lambda each: abs(each[0] - begin))[1]]


def _grown(begin: float, end: float, *, slack: float) -> dict[str, Any]:
    return {"warm": round(begin, 1), "end": round(end, 1), "met": end <= begin * _GOAL + slack}


def _by_minute(samples: Sequence[Sample]) -> dict[str, list[float]]:
    minutes = range(int(samples[-1].at // 60) + 1)
    return {
        name: [round(statistics.median(_values(told, 60 * n, 60 * n + 60)), 1) for n in minutes]
        for name, told in _told(samples, lambda sample: sample.memory_mb).items()
    }


if __name__ == "__main__":
    main()
