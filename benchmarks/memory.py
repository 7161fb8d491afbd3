"""Memory of every part of a working stack, as PSS: shared pages are split among those that share them.

    make bench-memory, or python benchmarks/memory.py [--jobs 64]

The parts are measured after ``--jobs`` text jobs and as many picture jobs went through. Goals, in MB:
front 200, relay 120, image worker 250, and for the text worker the model in a bare session + the
key/value cache that was touched + 200. Linux only: PSS comes from /proc.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
from live_stack import key_for, live_stack, run_all
from models import default_text_manifest, default_text_model
from prompts import generation, request_for
from record import record

from pressroom.catalog.text_spec import graph_file, read_text_spec
from pressroom.engines.kernels.library import kernels
from pressroom.engines.sessions import open_session
from pressroom.engines.text.decoder import cache_form

SLOTS = 16
FRONT_MB, RELAY_MB, IMAGE_MB, TEXT_EXTRA_MB = 200.0, 120.0, 250.0, 200.0

_BARE_SESSION = """
import sys
from pathlib import Path
from pressroom.engines.kernels.library import kernels
from pressroom.engines.sessions import open_session
session = open_session(Path(sys.argv[1]), "cpu", 2, operators=kernels())
for line in open("/proc/self/smaps_rollup"):
    if line.startswith("Pss:"):
        print(line.split()[1])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=64)
    arguments = parser.parse_args()
    folder = default_text_model()
    bare = _bare_session_mb(folder)
    with live_stack(text_slots=SLOTS) as stack:
        key = key_for(stack, "bench")
        model = default_text_manifest().name
        requests = [request_for(generation(number), model) for number in range(arguments.jobs)]
        texts = run_all(stack.address, [(key, request) for request in requests])
        run_all(stack.address, [(key, _picture(number)) for number in range(arguments.jobs)])
        parts = {name: part_mb(pid) for name, pid in stack.pids.items()}
    longest = max(job.usage.tokens_in + job.usage.tokens_out // len(job.outputs) for job in texts)
    spec = read_text_spec(folder)
    cache = SLOTS * longest * spec.cache_bytes_per_token(_head_bytes(folder)) / 1e6
    goals = {
        "front": FRONT_MB,
        "relay": RELAY_MB,
        "worker-image": IMAGE_MB,
        "worker-text": bare + cache + TEXT_EXTRA_MB,
    }
    record(
        "memory",
        {
            "jobs": 2 * arguments.jobs,
            "pss_mb": {name: round(value, 1) for name, value in sorted(parts.items())},
            "goal_mb": {name: round(value, 1) for name, value in sorted(goals.items())},
            "bare_session_mb": round(bare, 1),
            "touched_cache_mb_at_most": round(cache, 1),
            "met": {name: parts[name] < goal for name, goal in sorted(goals.items())},
        },
    )


def part_mb(pid: int) -> float:
    """PSS in MB of a process and all that it has started."""
    process = psutil.Process(pid)
    return sum(pss_mb(each.pid) for each in [process, *process.children(recursive=True)])


def pss_mb(pid: int) -> float:
    """PSS in MB of one process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/smaps_rollup tells no PSS.")


def _head_bytes(folder: Path) -> int:
    return cache_form(open_session(_graph(folder), "cpu", 2, operators=kernels())).bytes


def _graph(folder: Path) -> Path:
    manifest = default_text_manifest()
    variant = manifest.text.variants[0] if manifest.text else ""
    return folder / graph_file(variant, kernels=kernels() is not None)


def _bare_session_mb(folder: Path) -> float:
    """PSS in MB of a process that has done nothing but open the model."""
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            _BARE_SESSION,
            str(_graph(folder)),
        ],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    return int(told.stdout) * 1024 / 1e6


def _picture(number: int) -> dict[str, Any]:
    return {"model": "vae-fashion", "params": {"seed": number, "n": 4}}


if __name__ == "__main__":
    main()
