"""What each process of a stack took of the processor while something was measured."""

import os
from collections.abc import Mapping

import psutil


class CpuUse:
    """CPU seconds since it was made, of named processes with their children, and of this process."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids) | {"who_asks": os.getpid()}
        self._before = self._now()

    def seconds(self) -> dict[str, float]:
        """By name; processes that took nothing worth telling are left out."""
        now = self._now()
        taken = {name: round(now[name] - self._before[name], 2) for name in now}
        return {name: seconds for name, seconds in taken.items() if seconds >= 0.01}

    def _now(self) -> dict[str, float]:
        return {name: _with_children(pid, name) for name, pid in self._pids.items()}


def _with_children(pid: int, name: str) -> float:
    process = psutil.Process(pid)
    children = [] if name == "who_asks" else process.children(recursive=True)
    return sum(_own(each) for each in [process, *children])


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
