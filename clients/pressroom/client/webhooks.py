"""For receivers of webhooks: whether a message is Pressroom's, by Standard Webhooks (spec 1.0, symmetric signatures).

    message = verified(body, headers, "whsec_…")    # raises NotFromPressroom
    seen_before = message["id"], headers["webhook-id"]

A message comes again, under the same ``webhook-id``, until it is answered with a status of 200 to 299.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from pressroom.client.errors import ClientError

_PREFIX = "whsec_"
_TOLERANCE_S = 300


class NotFromPressroom(ClientError):
    """The signature is none of this secret's, is too old, or is not there."""


def verified(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str,
    *,
    tolerance_s: float = _TOLERANCE_S,
    now: float | None = None,
) -> dict[str, Any]:
    """What the message says. ``body``: the very bytes that came. ``headers``: by names in any case. ``now``: seconds since the
    epoch; a message that is older or newer than ``tolerance_s`` is refused. Raises NotFromPressroom."""
    by_name = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent_at, signatures = (
            by_name[f"webhook-{part}"] for part in ("id", "timestamp", "signature")
        )
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        sent = int(sent_at)
    except KeyError as error:
        raise NotFromPressroom(f"The header {error.args[0]} is missing.") from None
    except (binascii.Error, ValueError):
        raise NotFromPressroom("The timestamp is no number, or the secret is none.") from None
    if abs((time.time() if now is None else now) - sent) > tolerance_s:
        raise NotFromPressroom(
            "The message was signed at another time. Check the clocks, or it is sent anew by a stranger."
        )
    raw = body.encode() if isinstance(body, str) else body
    expected = base64.b64encode(
        hmac.new(key, f"{message_id}.{sent_at}.".encode() + raw, hashlib.sha256).digest()
    ).decode()
    # While a secret is rotated there are two; each stands behind the version of its algorithm.
    if not any(
        hmac.compare_digest(given.encode(), f"v1,{expected}".encode()) for given in signatures.split(" ")
    ):
        raise NotFromPressroom("The signature is not of this secret, or the body was changed on its way.")
    told: dict[str, Any] = json.loads(raw)
    return told
