"""What a rolling restart of all workers costs those who wait: latency with restarts and without, side by side.

    make bench-rolling, or python benchmarks/rolling.py [--seconds 15] [--rate 6] [--rounds 2] [--grace 5]

A stack with the fake engine and three text workers takes a steady stream of jobs of about half a second.
After a calm spell the workers are told to stop one after the other (SIGTERM), each started anew before the
next, ``rounds`` times over, under the same stream. Latency is from a job's arrival to its end, in ms, by the
database's clock. ``given_back`` counts jobs whose last attempt was not their first. A job that did not
succeed ends the benchmark.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

from live_stack import ended_job, key_for, live_stack
from models import default_text_manifest
from record import record

from pressroom.client import Client
from pressroom.stack import plan
from pressroom.stack.up import RunningStack

WORKERS = 3
STEP_S = 0.01
TOKENS = 50
_LOOK_S = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rate", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--grace", type=float, default=5.0)
    arguments = parser.parse_args()
    with live_stack(engine="fake", fake_step_s=STEP_S, text_slots=8, drain_s=arguments.grace) as stack:
        key = key_for(stack, "bench")
        crew = [_worker(stack) for _ in range(WORKERS)]
        try:
            _until_ready(stack, WORKERS + 1)
            os.kill(stack.pids["worker-text"], signal.SIGTERM)
            _until_ready(stack, WORKERS)
            calm = _spell(stack, key, arguments.rate, lambda: time.sleep(arguments.seconds))
            rolling = _spell(stack, key, arguments.rate, lambda: _restart_all(stack, crew, arguments.rounds))
        finally:
            for worker in crew:
                worker.kill()
    record(
        "rolling",
        {
            "workers": WORKERS,
            "grace_s": arguments.grace,
            "rate_per_s": arguments.rate,
            "restarts": arguments.rounds * WORKERS,
            "without": calm,
            "with": rolling,
        },
    )


def _worker(stack: RunningStack) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pressroom.worker", "--pool", "text"],
        env={**plan.environment(stack.settings, os.environ), "PRESSROOM_METRICS_PORT": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until_ready(stack: RunningStack, workers: int) -> None:
    while sum(card.pool == "text" for card in stack.admin.store.live_workers()) != workers:
        time.sleep(_LOOK_S)


def _restart_all(stack: RunningStack, crew: list[subprocess.Popen[bytes]], rounds: int) -> None:
    for place in [*range(len(crew))] * rounds:
        crew[place].terminate()
        if crew[place].wait():
            raise RuntimeError(f"A worker ended with status {crew[place].returncode}.")
        crew[place] = _worker(stack)
        _until_ready(stack, len(crew))


def _spell(stack: RunningStack, key: str, rate: float, work: Any) -> dict[str, Any]:
    """A steady stream while ``work`` runs."""
    over = threading.Event()
    posted: list[str] = []

    def stream() -> None:
        with Client(stack.address, key) as client:
            while not over.wait(1 / rate):
                posted.append(client.submit(_request(len(posted))).id)

    load = threading.Thread(target=stream, name="load")
    load.start()
    try:
        work()
    finally:
        over.set()
        load.join()
    with Client(stack.address, key) as client:
        ended = [ended_job(client, job_id, _LOOK_S) for job_id in posted]
    for job in ended:
        if job.status != "succeeded":
            raise RuntimeError(f"{job.id} ended {job.status}: {job.error}")
    waits = [(job.timings.finished_at or 0) - job.timings.queued_at for job in ended]
    found = stack.admin.store.find(posted)
    return {
        "jobs": len(ended),
        "given_back": sum(job.attempt > 1 for job in found),
        "latency_ms": {
            "p50": round(statistics.median(waits)),
            "p99": round(statistics.quantiles(waits, n=100, method="inclusive")[98]),
            "max": max(waits),
        },
    }


def _request(seed: int) -> dict[str, Any]:
    return {
        "model": default_text_manifest().name,
        "input": {"prompt": "Write about a blue mug of stoneware."},
        "params": {"max_tokens": TOKENS, "seed": seed},
    }


if __name__ == "__main__":
    main()
