"""What an API key is good for.

read       look at jobs, batches, outputs, models; follow
write      post and cancel
erase      remove what was made
webhooks   say who is called back, and see the deliveries
budgets    bound what campaigns may cost
admin      whatever an operator does, for all tenants; no key has it unless it is named
"""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """One thing that a key may do."""

    READ = "read"
    WRITE = "write"
    ERASE = "erase"
    WEBHOOKS = "webhooks"
    BUDGETS = "budgets"
    ADMIN = "admin"


# Everything within a tenant: what a key has where nothing is said.
EVERY_SCOPE = frozenset(Scope) - {Scope.ADMIN}

_BY_METHOD = {
    "GET": Scope.READ,
    "HEAD": Scope.READ,
    "OPTIONS": Scope.READ,
    "DELETE": Scope.ERASE,
}


def needed(method: str) -> Scope:
    """The scope that an HTTP method needs where an endpoint names no other: what changes anything
    in a way that is not known here is a write."""
    return _BY_METHOD.get(method.upper(), Scope.WRITE)


def in_order(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Scopes in the order of this file, each once."""
    given = frozenset(scopes)
    return tuple(scope for scope in Scope if scope in given)
