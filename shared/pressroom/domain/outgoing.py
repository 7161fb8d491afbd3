"""Calls to the outside: what may be called, and what can go wrong on the way.

    PressroomError
    └── OutgoingError                      code
        ├── AllowListInvalid               allow_list_invalid     (the operator's setting)
        ├── TargetRefused (also Refused)   target_refused         (it is never called)
        │   ├── UrlInvalid                 url_invalid
        │   ├── UrlNotAllowed              url_not_allowed        scheme, port or name
        │   └── AddressNotPublic           address_not_public
        └── CallFailed                     call_failed            (it was tried)
            ├── NameUnknown                name_unknown
            ├── ConnectFailed              connect_failed
            ├── TlsFailed                  tls_failed
            ├── TimedOut                   timed_out
            └── AnswerBroken               answer_broken

No message tells an address that a name led to: it would show a stranger what lies inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pressroom.domain.errors import PressroomError, Refused


class OutgoingError(PressroomError):
    """Base of what keeps a call to the outside from being made or answered."""

    code = "outgoing_failed"


class AllowListInvalid(OutgoingError):
    code = "allow_list_invalid"


class TargetRefused(OutgoingError, Refused):
    code = "target_refused"


class UrlInvalid(TargetRefused):
    code = "url_invalid"


class UrlNotAllowed(TargetRefused):
    code = "url_not_allowed"


class AddressNotPublic(TargetRefused):
    code = "address_not_public"


class CallFailed(OutgoingError):
    code = "call_failed"


class NameUnknown(CallFailed):
    code = "name_unknown"


class ConnectFailed(CallFailed):
    code = "connect_failed"


class TlsFailed(CallFailed):
    code = "tls_failed"


class TimedOut(CallFailed):
    code = "timed_out"


class AnswerBroken(CallFailed):
    code = "answer_broken"


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered. ``whole`` is False where the body went on after the bytes that were read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Outgoing(Protocol):
    """The one way out. Whoever calls a URL that a stranger named does it through this."""

    def check(self, url: str, *, look_up: bool = True) -> str:
        """The URL in its one plain form. ``look_up`` also asks where its name leads.

        Raises TargetRefused; a name that is not there now is not refused."""

    def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", most_bytes: int = 0
    ) -> Reply:
        """Call it and read up to ``most_bytes`` of the answer's body; no redirect is followed.

        Raises TargetRefused, CallFailed."""
