"""How soon a canceled job has left the engine: with Redis and without it, alone and among others.

    make bench-cancel, or python benchmarks/cancel.py [--samples 30] [--engine fake real] [--running 1 8 32]

A whole stack runs, and so many texts are kept in the engine. A new one among them is canceled over
HTTP, at a moment of no rhythm, again and again. ``latency_ms`` is what the jobs themselves
report as ``cancel_latency_ms``: by the database's clock, from when the cancel was accepted until the
end was stored. ``step_ms`` is how long a step of the engine took meanwhile, by the canceled jobs' own
engine seconds; prompts are read in steps of their own and count in. ``without_redis`` is measured on
the same stack with its Valkey killed: the cancel is then heard with the next heartbeat.

The fake engine steps every 20 ms. The real one writes at a heat at which texts do not end by themselves.
"""

import argparse
import itertools
import os
import random
import signal
import statistics
import time
from collections.abc import Sequence
from typing import Any

from live_stack import ended_job, key_for, live_stack
from models import default_text_manifest, default_text_model
from record import record

from pressroom.client import Client
from pressroom.contract.jobs import JobView

SLOTS = 32
SLOT_TOKENS = 1_024
MAX_TOKENS = 900
FAKE_STEP_S = 0.02
_ENGINES = ("fake", "real")
_LOOK_S = 0.02
# Longer than the pause between heartbeats, so that cancels fall anywhere in it.
_PAUSE_S = (0.1, 1.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--engine", nargs="+", choices=_ENGINES, default=list(_ENGINES))
    parser.add_argument("--running", type=int, nargs="+", default=[1, 8, 32])
    arguments = parser.parse_args()
    figures = {name: measured(name, arguments.running, arguments.samples) for name in arguments.engine}
    record("cancel", {"samples": arguments.samples, "fake_step_ms": FAKE_STEP_S * 1000, **figures})


def measured(engine: str, sizes: Sequence[int], samples: int) -> dict[str, Any]:
    """All cells of one engine on one stack; Redis goes away behind the first half for good."""
    if engine == "real":
        default_text_model()
    with (
        live_stack(
            engine=engine, fake_step_s=FAKE_STEP_S, text_slots=SLOTS, text_slot_tokens=SLOT_TOKENS
        ) as stack,
        Client(stack.address, key_for(stack, "bench")) as client,
    ):
        with_redis = {str(size): _cell(client, size, samples) for size in sizes}
        os.kill(stack.pids["valkey"], signal.SIGKILL)
        without = {str(size): _cell(client, size, samples) for size in sizes}
    return {"with_redis": with_redis, "without_redis": without}


def _cell(client: Client, size: int, samples: int) -> dict[str, Any]:
    """``samples`` cancels, each among ``size - 1`` others. A text that was over before is no sample."""
    rng = random.Random(size)
    requests = (_request(seed) for seed in itertools.count(1))
    mates: list[str] = []
    canceled: list[JobView] = []
    while len(canceled) < samples:
        mates = [job_id for job_id in mates if client.job(job_id).status == "running"]
        mates += [client.submit(next(requests)).id for _ in range(size - 1 - len(mates))]
        job_id = client.submit(next(requests)).id
        _until_running(client, [*mates, job_id])
        time.sleep(rng.uniform(*_PAUSE_S))
        client.cancel(job_id)
        job = ended_job(client, job_id, _LOOK_S)
        if job.status == "canceled" and job.usage.tokens_out:
            canceled.append(job)
    for job_id in mates:
        client.erase(job_id)
    latencies = [float(job.cancel_latency_ms or 0) for job in canceled]
    steps = [1000 * size * job.usage.engine_seconds / job.usage.tokens_out for job in canceled]
    return {"latency_ms": _spread(latencies), "step_ms": round(statistics.median(steps), 1)}


def _request(seed: int) -> dict[str, Any]:
    return {
        "model": default_text_manifest().name,
        "input": {"prompt": f"Write about article {seed}, a blue mug of stoneware that is fired twice."},
        "params": {"max_tokens": MAX_TOKENS, "seed": seed, "temperature": 2.0, "top_p": 1.0, "top_k": 0},
    }


def _until_running(client: Client, jobs: Sequence[str]) -> None:
    for job_id in jobs:
        while client.job(job_id).status == "queued":
            time.sleep(_LOOK_S)


def _spread(values: list[float]) -> dict[str, float]:
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return {"p50": round(statistics.median(values)), "p90": round(tenths[8]), "max": round(max(values))}


if __name__ == "__main__":
    main()
