"""64 single-picture jobs of two tenants at once, through HTTP: pictures a second, and micro-batches.

    make bench-image, or python benchmarks/image.py [--rounds 3] [--jobs 64]

Then a quarter as many jobs of 64 pictures of a model of many steps (``fashion-flow``: 16 of Heun, two runs of its network each, with guidance), with
micro-batches of 32 at most and of 1: what batching is worth where a picture takes a while.

The jobs go the whole way on real processes. The mean size of a micro-batch is read from the image
worker's own counters; the goal is 8 or more. ``benchmarks/image_engine.py`` measures the engine alone.
"""

import argparse
import statistics
import urllib.request
from pathlib import Path
from typing import Any

from live_stack import key_for, live_stack, run_all, span_s
from record import record

from pressroom.stack.plan import IMAGE_METRICS
from pressroom.stack.ports import free_port

_HOST = "127.0.0.1"
_EACH = 64
"""Pictures of a job of the model of many steps: one each would measure the jobs, not the pictures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=64)
    parser.add_argument(
        "--zoo",
        type=Path,
        help="With a flow of other steps, of flow_of_steps.py; only this is measured then.",
    )
    parser.add_argument(
        "--network-runs", type=int, default=50, help="How often it runs its network, for --zoo."
    )
    arguments = parser.parse_args()
    if arguments.zoo is not None:
        _many_steps(arguments)
        return
    rates, sizes = [], []
    metrics = free_port(_HOST)
    worker = f"http://{_HOST}:{metrics + IMAGE_METRICS}"
    with live_stack(metrics_port=metrics) as stack:
        keys = [key_for(stack, tenant) for tenant in ("one", "two")]
        run_all(stack.address, [(keys[0], _picture(0))])
        for _ in range(arguments.rounds):
            before = _counters(worker)
            jobs = run_all(
                stack.address,
                [(keys[number % 2], _picture(number)) for number in range(arguments.jobs)],
                hands=arguments.jobs,
            )
            after = _counters(worker)
            rates.append(arguments.jobs / span_s(jobs))
            sizes.append((after[1] - before[1]) / (after[0] - before[0]))
    batched, alone = _both(arguments, None)
    record(
        "image",
        {
            "jobs": arguments.jobs,
            "tenants": 2,
            "rounds": arguments.rounds,
            "pictures_per_s": round(statistics.median(rates), 1),
            "pictures_a_micro_batch": round(statistics.median(sizes), 1),
            "least_pictures_a_micro_batch": round(min(sizes), 1),
            "steps_batch_32_pictures_per_s": [round(each, 1) for each in sorted(batched)],
            "steps_batch_1_pictures_per_s": [round(each, 1) for each in sorted(alone)],
            "steps_32_over_1": _ratio(batched, alone),
        },
    )


def _many_steps(arguments: argparse.Namespace) -> None:
    batched, alone = _both(arguments, arguments.zoo)
    record(
        "image_steps",
        {
            "network_runs": arguments.network_runs,
            "pictures_a_job": _EACH,
            "batch_32_pictures_per_s": [round(each, 1) for each in sorted(batched)],
            "batch_1_pictures_per_s": [round(each, 1) for each in sorted(alone)],
            "batch_32_over_1": _ratio(batched, alone),
        },
    )


def _ratio(batched: list[float], alone: list[float]) -> float:
    """The median of the rounds' own."""
    return round(statistics.median(one / other for one, other in zip(batched, alone, strict=True)), 2)


def _both(arguments: argparse.Namespace, zoo: Path | None) -> tuple[list[float], list[float]]:
    """With micro-batches of up to 32, and with one picture at a time; round by round in turn, since machines change."""
    jobs = max(2, arguments.jobs // 4)
    rounds = [(_steps(32, jobs, zoo), _steps(1, jobs, zoo)) for _ in range(arguments.rounds)]
    return [batched for batched, _ in rounds], [alone for _, alone in rounds]


def _steps(largest: int, jobs: int, zoo: Path | None) -> float:
    """Pictures a second of the model of many steps."""
    changes = {} if zoo is None else {"zoo_dir": zoo}
    with live_stack(image_model="fashion-flow", image_batch=largest, **changes) as stack:
        key = key_for(stack, "one")

        def asked(number: int) -> tuple[str, dict[str, Any]]:
            params = {"seed": number, "label": "sneaker", "n": _EACH, "scale": 1}
            return key, {"model": "fashion-flow", "params": params}

        run_all(stack.address, [asked(0)])
        return _EACH * jobs / span_s(run_all(stack.address, [asked(n) for n in range(jobs)], hands=jobs))


def _picture(number: int) -> dict[str, Any]:
    return {"model": "vae-fashion", "params": {"seed": number, "label": "sneaker"}}


def _counters(address: str) -> tuple[float, float]:
    """(micro-batches, jobs) that the image worker has done so far, from its /metrics."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    batches = samples.get('pressroom_step_seconds_count{pool="image"}', "0")
    jobs = samples.get('pressroom_attempts_total{ending="done",pool="image"}', "0")
    return float(batches), float(jobs)


if __name__ == "__main__":
    main()
