"""How right quotes are: real texts under a load that changes, each asked a quote for before it is posted.

    p90_covers     the share of jobs that were done within their quote's p90
    p50_error      the median of |done − p50| / done

Jobs come at random (Poisson), in spells of ``--spell`` seconds of each rate in turn; their lengths and their tenants differ.
The first ones only make the past that quotes are told from.
"""

import argparse
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from live_stack import ended_job, key_for, live_stack
from record import record

from pressroom.client import Client

_MODEL = "smollm2-135m-instruct"
_LENGTHS = (12, 24, 48)
_THINGS = ("mug", "lamp", "chair", "bicycle", "garden hose", "winter coat", "notebook", "kettle")


@dataclass(frozen=True)
class Quoted:
    """A job with what it was quoted, in seconds."""

    key: str
    job_id: str
    p50_s: float
    p90_s: float
    samples: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--first", type=int, default=40, help="Jobs before those, which are not counted.")
    parser.add_argument("--rates", default="1,3,0.5,4,2", help="Jobs a second, spell by spell.")
    parser.add_argument("--spell", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tenants", type=int, default=2)
    parser.add_argument("--record", default="quotes", help="Name of the file of results.")
    arguments = parser.parse_args()
    rates = [float(each) for each in arguments.rates.split(",")]
    rng = random.Random(arguments.seed)
    with live_stack() as stack:
        keys = [key_for(stack, f"tenant-{number}") for number in range(arguments.tenants)]
        with httpx.Client(base_url=stack.address, timeout=60) as http, ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            due, posted = began, []
            for number in range(arguments.first + arguments.jobs):
                rate = rates[int((time.monotonic() - began) / arguments.spell) % len(rates)]
                due = max(due + rng.expovariate(rate), time.monotonic() - 1)
                time.sleep(max(0.0, due - time.monotonic()))
                posted.append(pool.submit(_ask, http, rng.choice(keys), _job(rng, number)))
            quoted = [each.result() for each in posted]
        clients = {key: Client(stack.address, key) for key in keys}
        ended = [ended_job(clients[each.key], each.job_id) for each in quoted]
    figures = []
    for quote, job in list(zip(quoted, ended, strict=True))[arguments.first :]:
        if job.status != "succeeded" or job.timings.finished_at is None:
            raise RuntimeError(f"{job.id} ended {job.status}: {job.error}")
        took_s = (job.timings.finished_at - job.timings.queued_at) / 1000
        figures.append((took_s, quote.p50_s, quote.p90_s))
    errors = [abs(took - p50) / took for took, p50, _ in figures]
    record(
        arguments.record,
        {
            "jobs": len(figures),
            "rates_per_s": rates,
            "spell_s": arguments.spell,
            "p90_covers": round(sum(took <= p90 for took, _, p90 in figures) / len(figures), 3),
            "p50_covers": round(sum(took <= p50 for took, p50, _ in figures) / len(figures), 3),
            "p50_error": round(statistics.median(errors), 3),
            "took_s": _spread([took for took, _, _ in figures]),
            "p90_over_p50": round(statistics.median(p90 / p50 for _, p50, p90 in figures), 2),
        },
    )


def _job(rng: random.Random, number: int) -> dict[str, Any]:
    words = f"Write a line about a {rng.choice(_THINGS)}."
    return {
        "model": _MODEL,
        "input": {"prompt": words},
        "params": {"max_tokens": rng.choice(_LENGTHS), "seed": number},
    }


def _ask(http: httpx.Client, key: str, body: dict[str, Any]) -> Quoted:
    """A quote, and then the job itself."""
    headers = {"Authorization": f"Bearer {key}"}
    told = http.post("/v1/jobs?dry_run=true", json=body, headers=headers).raise_for_status().json()
    job = (
        http.post("/v1/jobs", json={**body, "quote": told["quote"]}, headers=headers)
        .raise_for_status()
        .json()
    )
    finish = told["finish"]
    return Quoted(key, job["id"], finish["p50_s"], finish["p90_s"], finish["samples"])


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=10)
    return {"p10": round(cuts[0], 2), "median": round(statistics.median(values), 2), "p90": round(cuts[8], 2)}


if __name__ == "__main__":
    main()
