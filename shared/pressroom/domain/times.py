"""What time it is here. Times that several processes compare are the database's instead."""

import time


def wall_ms() -> int:
    """This host's wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
