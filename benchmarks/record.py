"""Every benchmark ends here: one JSON line on stdout, and the same under ``benchmarks/results/``."""

import datetime
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "pressroom",
    "onnxruntime",
    "onnxruntime-gpu",
    "torch",
    "xllamacpp",
    "numpy",
    "celery",
    "sqlalchemy",
)


def record(name: str, figures: Mapping[str, Any]) -> None:
    """Write and print ``figures`` with what they depend on: machine, cores, load, versions, date (UTC).

    ``load`` is the mean number of runnable tasks of the last minute, this benchmark among them: well
    above 1 for a one-thread benchmark, others were at work.
    """
    line = json.dumps(
        {
            "benchmark": name,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": _processor(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
            "versions": {"python": platform.python_version(), **_versions()},
            "figures": dict(figures),
        }
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(line + "\n", encoding="utf-8")
    print(line)


def _processor() -> str:
    """The processor's name where Linux tells it, else the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({platform.machine()})" if names else platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
