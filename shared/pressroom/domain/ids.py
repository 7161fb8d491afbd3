"""Identifiers: unguessable, and ordered by the time they were made (UUID version 7, RFC 9562)."""

import re
import secrets

from pressroom.domain.times import wall_ms

_DIGITS = re.compile(r"[0-9a-f]{32}", re.ASCII)


def new_id(prefix: str) -> str:
    """``prefix`` + 32 hex digits: 48 bits of milliseconds, then the version and 74 random bits."""
    milliseconds = wall_ms()
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{prefix}_{value:032x}"


def is_id(prefix: str, text: str) -> bool:
    """Whether ``text`` has the form of an id with this prefix; only then is it worth a look-up."""
    head, _, digits = text.partition("_")
    return head == prefix and _DIGITS.fullmatch(digits) is not None
