"""How many cores an engine has for itself."""

import os


def cores() -> int:
    """That this process may use, where the system tells; else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
