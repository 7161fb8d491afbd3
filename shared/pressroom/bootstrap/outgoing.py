"""The way out that the settings allow."""

from pressroom.adapters.outgoing import GuardedOutgoing, Rules
from pressroom.settings import Settings


def open_outgoing(settings: Settings) -> GuardedOutgoing:
    """Raises AllowListInvalid."""
    return GuardedOutgoing(Rules.read(settings.outgoing_allow, http=settings.outgoing_http))
