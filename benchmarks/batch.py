"""Taking batches in: rows a second, and the front's memory while they come, on SQLite and PostgreSQL.

    make bench-batch, or python benchmarks/batch.py [--rows 1000 100000] [--database sqlite postgres]

A whole stack with the fake engine runs; bodies are posted over a socket, as JSON lines of about 200
bytes. ``front_growth_mb`` is how much the resident memory of the front's processes had grown at its
highest, against just before; the goal is that 100,000 rows take at most 20 MB more than 1,000 do.
PostgreSQL is the server of the tests, from the binaries that this machine has.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from live_stack import key_for, live_stack
from record import record

GOAL_MB = 20.0
DATABASES = ("sqlite", "postgres")

Post = Callable[[httpx.Client, int], int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--database", nargs="+", choices=DATABASES, default=list(DATABASES))
    arguments = parser.parse_args()
    figures = {name: measured(name, sorted(arguments.rows), _post) for name in arguments.database}
    record("batch", {"goal_mb": GOAL_MB, **figures})


def measured(database: str, sizes: list[int], post: Post) -> dict[str, Any]:
    """Each size in turn on one stack; a small post goes before, so that all that is loaded late is.

    ``post`` sends so many rows, checks that all were taken, takes them back, and tells how many bytes they were."""
    with ExitStack() as stack:
        changes: dict[str, Any] = {"engine": "fake", "front_processes": 1, "front_threads": 16}
        if database == "postgres":
            changes |= {"database_url": stack.enter_context(postgres()), "artifacts_shared": True}
        running = stack.enter_context(live_stack(**changes))
        http = stack.enter_context(
            httpx.Client(
                base_url=running.address,
                headers={"Authorization": f"Bearer {key_for(running, 'bench')}"},
                timeout=600,
            )
        )
        fronts = psutil.Process(running.pids["front"]).children(recursive=True)
        post(http, 500)
        found = {str(rows): _one(http, fronts, rows, post) for rows in sizes}
    growth = [each["front_growth_mb"] for each in found.values()]
    return {**found, "met": growth[-1] - growth[0] <= GOAL_MB}


def _one(http: httpx.Client, fronts: list[psutil.Process], rows: int, post: Post) -> dict[str, Any]:
    before = resident_mb(fronts)
    with watched(fronts) as highest:
        began = time.perf_counter()
        sent = post(http, rows)
        took = time.perf_counter() - began
    return {
        "rows_per_second": round(rows / took),
        "seconds": round(took, 2),
        "body_mb": round(sent / 1e6, 1),
        "front_mb": round(before, 1),
        "front_growth_mb": round(max(highest) - before, 1),
    }


def _post(http: httpx.Client, rows: int) -> int:
    """Post a batch, check that all of it was taken, and take it back. The body's bytes."""
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for page in range(0, rows, 100):
            chunk = b"".join(_line(n) for n in range(page, min(page + 100, rows)))
            sent += len(chunk)
            yield chunk

    answer = http.post("/v1/batches", content=body(), headers={"Content-Type": "application/x-ndjson"})
    batch = answer.raise_for_status().json()
    if (batch["rows"], batch["refused"]) != (rows, 0):
        raise RuntimeError(f"{batch['rows']} rows were taken and {batch['refused']} refused, of {rows}.")
    http.delete(batch["links"]["self"]).raise_for_status()
    return sent


def _line(n: int) -> bytes:
    prompt = f"Write one line about article {n}, a blue mug of stoneware that is fired twice."
    row = {
        "custom_id": f"sku-{n}",
        "model": "smollm2-135m-instruct",
        "input": {"prompt": prompt},
        "params": {"max_tokens": 40, "seed": n},
    }
    return json.dumps(row).encode() + b"\n"


@contextmanager
def watched(processes: list[psutil.Process]) -> Iterator[list[float]]:
    """Resident MB of these processes together, fifty times a second."""
    seen = [resident_mb(processes)]
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            seen.append(resident_mb(processes))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def resident_mb(processes: list[psutil.Process]) -> float:
    """Of these processes together."""
    return float(sum(process.memory_info().rss for process in processes)) / 1e6


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server of its own."""
    sys.path.append(str(Path(__file__).parents[1]))
    from tests.services.postgres import Server, find_binaries

    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("There are no binaries of PostgreSQL here; `--database sqlite` goes without.")
    with tempfile.TemporaryDirectory(prefix="pressroom-bench-pg-") as folder:
        server = Server(binaries, Path(folder), durable=True)
        server.start()
        try:
            yield server.url.render_as_string(hide_password=False)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
