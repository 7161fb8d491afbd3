"""Whom the webhooks call: writes each message down, and answers some first tries with an error.

Which messages meet an error is told by their id, so that it does not depend on when they come.
"""

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.chaos.ledger import Ledger
from tests.support.receiver import Call, Receiver, receiver

# One message in so many is refused when it comes first.
_REFUSED = 8


class Hook:
    """``url`` is what to make an endpoint of; ``secret`` is told once the endpoint is made."""

    def __init__(self, calls: Receiver, ledger: Ledger) -> None:
        self.url = calls.url
        self.secret = ""
        self._ledger = ledger
        self._lock = threading.Lock()
        calls.heard = self._heard

    def _heard(self, call: Call) -> None:
        self._ledger.write(
            "delivered",
            message=call.id,
            body=call.body.decode(),
            taken=200 <= call.status < 300,
            signed=self._signed(call),
        )

    def _signed(self, call: Call) -> bool:
        try:
            Webhook(self.secret).verify(call.body, call.headers)
        except WebhookVerificationError:
            return False
        return True


@contextmanager
def hook(ledger: Ledger) -> Iterator[Hook]:
    """One on a free port."""
    with receiver(_answer) as calls:
        yield Hook(calls, ledger)


def _answer(message: str, before: int) -> int:
    unlucky = zlib.crc32(message.encode()) % _REFUSED == 0
    return 503 if unlucky and before == 0 else 204
