"""Calls to URLs that strangers name: read strictly, looked up once, checked, pinned, bounded."""

from pressroom.adapters.outgoing.guard import GuardedOutgoing
from pressroom.adapters.outgoing.rules import Rules

__all__ = ["GuardedOutgoing", "Rules"]
