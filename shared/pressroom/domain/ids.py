"""Identifiers: unguessable, and ordered by the time they were made (UUID version 7, RFC 9562)."""

import secrets
import time


def new_id(prefix: str) -> str:
    """``prefix`` + 32 hex digits: 48 bits of milliseconds, then the version and 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{prefix}_{value:032x}"
