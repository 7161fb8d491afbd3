"""Fair shares: two tenants with the weights 1 and 3, both with jobs that wait, and the tokens that each is served.

Counted are jobs that ended while both still had some in the queue. ``off`` is how far the tokens of the heavier are from three times
those of the lighter.
"""

import argparse
from typing import Any

from live_stack import key_for, live_stack, run_all
from record import record

from pressroom.client import Client
from pressroom.contract.jobs import JobView

_MODEL = "smollm2-135m-instruct"
_WEIGHTS = {"light": 1.0, "heavy": 3.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--jobs", type=int, default=120, help="Of the lighter tenant; the heavier has twice as many."
    )
    parser.add_argument("--tokens", type=int, default=16)
    arguments = parser.parse_args()
    with live_stack() as stack:
        keys = {tenant: key_for(stack, tenant) for tenant in _WEIGHTS}
        for tenant, weight in _WEIGHTS.items():
            stack.admin.store.weigh("text", tenant, weight)
        run_all(stack.address, [(key, _job(0, arguments.tokens)) for key in keys.values()])
        # In turn, so that both wait from the first moment on.
        order = ["light", "heavy", "heavy"] * arguments.jobs
        asked = [(keys[tenant], _job(number, arguments.tokens)) for number, tenant in enumerate(order)]
        ended = run_all(stack.address, asked, hands=32)
        for key in keys.values():
            Client(stack.address, key).close()
    of_tenant: dict[str, list[JobView]] = {tenant: [] for tenant in _WEIGHTS}
    for tenant, job in zip(order, ended, strict=True):
        of_tenant[tenant].append(job)
    both_until = min(max(job.timings.started_at or 0 for job in jobs) for jobs in of_tenant.values())
    both_since = max(min(job.timings.started_at or 0 for job in jobs) for jobs in of_tenant.values())
    served = {
        tenant: sum(
            job.usage.tokens_out
            for job in jobs
            if (job.timings.started_at or 0) >= both_since and (job.timings.started_at or 0) < both_until
        )
        for tenant, jobs in of_tenant.items()
    }
    ratio = served["heavy"] / served["light"]
    record(
        "shares",
        {
            "weights": _WEIGHTS,
            "tokens": served,
            "ratio": round(ratio, 3),
            "off": round(abs(ratio / 3 - 1), 3),
            "span_s": round((both_until - both_since) / 1000, 1),
        },
    )


def _job(number: int, tokens: int) -> dict[str, Any]:
    return {
        "model": _MODEL,
        "input": {"prompt": "Write a line about a blue mug."},
        "params": {"max_tokens": tokens, "min_tokens": tokens, "seed": number},
    }


if __name__ == "__main__":
    main()
