"""Removing a million old jobs: how long any transaction keeps others out, and what live work notices of it.

    make bench-retention, or python benchmarks/retention.py [--jobs 1000000] [--database sqlite postgres]

All jobs have an output and an idempotency key, and their time is over. The relay's own pages remove them:
results first, then, a week of the clock later, keys and tombstones. Meanwhile another connection submits,
claims and completes jobs one after the other; the same for ten seconds before is the comparison.
``longest_ms`` is the longest write transaction of the removal, from its first statement to its commit;
``first_ms`` the longest of those in which a process does a thing for the first time, and prepares its
statements. On PostgreSQL a transaction keeps nobody out but from the old rows themselves.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from batch import postgres
from record import record
from sqlalchemy import Connection, text

from pressroom.adapters.host.collector import spare_what_is_here
from pressroom.adapters.sql import schema
from pressroom.adapters.sql.clock import Clock, HostClock, Now, server_clock
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.jobs.paging import Pages

sys.path.append(str(Path(__file__).parents[1]))
from tests.support.old_jobs import fill_with_old, one_ended

T = TypeVar("T")
GOAL_MS = 100.0
_WEEK_MS = 8 * 24 * 3_600_000
_DATABASES = ("sqlite", "postgres")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--database", nargs="+", choices=_DATABASES, default=list(_DATABASES))
    arguments = parser.parse_args()
    figures = {name: measured(name, arguments.jobs) for name in arguments.database}
    record("retention", {"jobs": arguments.jobs, "goal_ms": GOAL_MS, **figures})


class Timed(Database):
    """Notes how long each write transaction lasts, waits for its lock not counted."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(open_engine(url), clock)
        self.held_ms: list[float] = []

    def write(self, work: Callable[[Connection], T]) -> T:
        began = 0.0

        def timed(connection: Connection) -> T:
            nonlocal began
            began = time.perf_counter()
            return work(connection)

        done = super().write(timed)
        self.held_ms.append(1000 * (time.perf_counter() - began))
        return done


def measured(name: str, count: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pressroom-bench-")))
        url = f"sqlite:///{folder / 'bench.db'}"
        if name == "postgres":
            url = stack.enter_context(postgres())
        schema.upgrade(url)
        ahead = [0]
        clock = server_clock if name == "postgres" else HostClock()

        def later(connection: Connection) -> Now:
            now = clock(connection)
            return Now(now.wall + ahead[0], now.lease, now.lease_clock)

        removing = Timed(url, later)
        stack.callback(removing.close)
        began = time.perf_counter()
        fill_with_old(removing, count)
        filled_s = time.perf_counter() - began
        live_database = Database(open_engine(url))
        stack.callback(live_database.close)
        spare_what_is_here()  # as the relay does
        alone = _live_for(SqlJobStore(live_database), 10.0)
        removing.held_ms.clear()
        store = SqlJobStore(removing)
        with _living(SqlJobStore(live_database)) as beside:
            began = time.perf_counter()
            firsts: list[float] = []
            expired = _all(store.expire_results, removing, firsts)
            erased = _all(lambda limit: _strike_off(store, limit), removing, firsts)
            ahead[0] = _WEEK_MS
            forgotten = _all(store.forget, removing, firsts)
            took_s = time.perf_counter() - began
        left = removing.read(
            lambda connection: connection.scalar(text("SELECT count(*) FROM job WHERE tenant = 'old'"))
        )
        if (expired, erased, left) != (count, count, 0):
            raise RuntimeError(f"{expired} expired, {erased} erased, {left} left of {count}")
        longest = max(removing.held_ms)
        return {
            "fill_s": round(filled_s, 1),
            "remove_s": round(took_s, 1),
            "jobs_per_second": round(count / took_s),
            "rows_forgotten": forgotten,
            "transactions": len(removing.held_ms),
            "first_ms": round(max(firsts), 1),
            "longest_ms": round(longest, 1),
            "p99_ms": round(statistics.quantiles(removing.held_ms, n=100)[-1], 1),
            "live_alone": _told(alone),
            "live_beside": _told(beside),
            "met": longest <= GOAL_MS,
        }


def _strike_off(store: SqlJobStore, limit: int) -> int:
    due = store.due_erasures(limit)
    store.erasures_done(due)
    return len(due)


def _all(step: Callable[[int], int], database: Timed, firsts: list[float]) -> int:
    """All pages; the transaction of the first goes into ``firsts``: the process prepares its statements in it."""
    total, more = step(10), True
    firsts.append(database.held_ms.pop())
    pages = Pages(step)
    while more:
        moved, more = pages.turn()
        total += moved
    return total


def _live_for(store: SqlJobStore, seconds: float) -> list[float]:
    with _living(store) as seen:
        time.sleep(seconds)
    return seen


@contextmanager
def _living(store: SqlJobStore) -> Iterator[list[float]]:
    """Milliseconds of each job from submit to end, one after the other, ten a second."""
    seen: list[float] = []
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.1):
            began = time.perf_counter()
            one_ended(store, "live")
            seen.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _told(seen: list[float]) -> dict[str, Any]:
    cuts = statistics.quantiles(seen, n=100)
    return {
        "jobs": len(seen),
        "p50_ms": round(statistics.median(seen), 1),
        "p99_ms": round(cuts[-1], 1),
        "max_ms": round(max(seen), 1),
    }


if __name__ == "__main__":
    main()
