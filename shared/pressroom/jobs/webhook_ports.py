"""What the use cases of webhooks need from the outside.

The deliveries of a job's end are not made through here: the ``JobStore`` writes them in the
transaction that ends the job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pressroom.domain.webhooks import Attempt, Delivery, Endpoint, SealedSecret


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Newest first. ``next`` continues behind the last one."""

    items: tuple[Delivery, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """A way out on which something waits. ``due`` is whether something is due now.

    ``resting`` is whether its circuit breaker is open, ``tripped`` whether it has opened and nothing
    has been delivered since: then one delivery tries the way. ``closed``: its endpoint is not active.
    ``removed``: nothing will be delivered there any more."""

    name: str
    tenant: str
    due: bool
    resting: bool = False
    tripped: bool = False
    closed: bool = False
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that was taken to be sent. ``token`` is the time at which it is due again if nothing
    is heard of it; ``secrets`` are all that the database holds for it, older ones too."""

    delivery: Delivery
    secrets: tuple[SealedSecret, ...]
    token: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try. ``retry_in_ms`` None: it was delivered, or it was the last one.

    ``retry_after_s`` is what the receiver asked for; ``gone``: it wants nothing any more."""

    attempt: Attempt
    delivered: bool
    retry_in_ms: int | None = None
    retry_after_s: float | None = None
    gone: bool = False


class WebhookStore(Protocol):
    """Endpoints, deliveries and what came of them. Raises DatabaseUnavailable everywhere."""

    # -- the front ---------------------------------------------------------------------------
    def add(self, endpoint: Endpoint, most: int) -> None:
        """Raises TooManyEndpoints when the tenant has ``most`` already."""

    def endpoints(self, tenant: str) -> tuple[Endpoint, ...]:
        """The oldest first, without removed ones."""

    def endpoint(self, tenant: str, endpoint_id: str) -> Endpoint:
        """Raises EndpointUnknown (also for another tenant's, and removed ones)."""

    def change(self, tenant: str, endpoint_id: str, changes: Mapping[str, Any]) -> Endpoint:
        """``changes`` are new values of url, description, events, active. One that becomes active
        rests no more, and what waits for it is due at once. Raises EndpointUnknown."""

    def remove(self, tenant: str, endpoint_id: str) -> None:
        """Raises EndpointUnknown."""

    def rotate(self, tenant: str, endpoint_id: str, secret: SealedSecret, old_until: int) -> Endpoint:
        """Put ``secret`` first; the others sign until ``old_until`` at the latest, and those that are
        over are dropped. Raises EndpointUnknown."""

    def own_secrets(self, tenant: str, first: SealedSecret) -> tuple[SealedSecret, ...]:
        """The secrets for the URLs that a tenant's jobs name; ``first`` is stored where there is none."""

    def rotate_own(self, tenant: str, secret: SealedSecret, old_until: int) -> tuple[SealedSecret, ...]:
        """As ``rotate``, for the URLs that the tenant's jobs name."""

    def deliveries(
        self, tenant: str, endpoint_id: str | None, *, cursor: str | None, limit: int
    ) -> DeliveryPage:
        """Of an endpoint, or all of a tenant's. Raises CursorInvalid."""

    def delivery(self, tenant: str, delivery_id: str) -> Delivery:
        """With its log. Raises DeliveryUnknown."""

    def replay(self, tenant: str, delivery_id: str) -> Delivery:
        """Due at once, with all its tries before it. Raises DeliveryUnknown, EndpointUnknown (it was
        removed)."""

    def deliver(self, delivery: Delivery) -> None:
        """Add one that no job's end has made."""

    def now(self) -> int:
        """Milliseconds by the database's clock."""

    # -- the relay ---------------------------------------------------------------------------
    def routes(self) -> tuple[Route, ...]:
        """The ways on which something waits; the cost grows with their number, not with what waits."""

    def take(self, wanted: Mapping[str, int], hidden_ms: int) -> tuple[Taken, ...]:
        """Up to so many due deliveries of each route, the longest due first. They are not due again for
        ``hidden_ms``: who dies meanwhile loses nothing, and nobody else takes them."""

    def settle(self, taken: Taken, outcome: Outcome) -> None:
        """Write down a try. One that was taken by another since may still become delivered, not more."""

    def drop(self, routes: Sequence[str], reason: str, limit: int = 500) -> int:
        """Fail what waits on these routes; how many it were."""

    def forget(self, older_ms: int, limit: int = 500) -> int:
        """Remove deliveries that ended ``older_ms`` ago, fail those that waited as long, and remove
        endpoints without deliveries whose removal was asked for; how many rows went."""


class Seal(Protocol):
    """Encrypts secrets for the database. ``place`` says whose it is: it opens nowhere else."""

    def close(self, secret: bytes, place: str) -> str: ...

    def open(self, sealed: str, place: str) -> bytes:
        """Raises SealBroken: another server secret, another place, or changed bytes."""
