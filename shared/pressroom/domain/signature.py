"""Signatures of webhooks by Standard Webhooks 1.0 (symmetric, ``v1``).

``webhook-signature`` holds ``v1,<base64 of HMAC-SHA256>`` for each secret, apart by spaces. What is
signed is ``<id>.<timestamp>.<body>``, with the timestamp in whole seconds.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> bytes:
    """A signing secret: 256 random bits."""
    return secrets.token_bytes(_BYTES)


def written(secret: bytes) -> str:
    """A secret as it is given to people and libraries."""
    return PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, ``v1,…``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def headers(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a message that every secret of ``keys`` signs."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message_id, timestamp, body) for key in keys),
    }
