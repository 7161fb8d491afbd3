"""What things cost: the price list, budgets of campaigns, the usage; and on whose account a job runs.

Prices        the price list, remembered for some seconds, as the front asks it at each submit
Accounts      the use cases behind ``/v1/budgets``, ``/v1/usage`` and ``/v1/admin/prices``
Bookkeeping   what the relay does for them
metered       the meter of a job that is about to be accepted
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import monotonic
from typing import Protocol

from pressroom.domain.errors import InputInvalid, Refused
from pressroom.domain.spending import FREE, Amount, CampaignBudget, Meter, Price, Used
from pressroom.jobs.ports import ApiKey

# A change of the price list is in force everywhere within this time.
_TRUST_S = 5.0
# A price for every model that has none of its own.
EVERY_MODEL = "*"
# A budget: it fits in a column.
MOST_NANOS = 10**18
# Of one piece: the most expensive job fits, too.
MOST_UNIT_NANOS = 10**15
_USUAL_DAYS = 30


@dataclass(frozen=True, slots=True)
class Usage:
    """What ended from one date to another, both included."""

    since: date
    until: date
    lines: tuple[Used, ...]


class SpendingStore(Protocol):
    """Prices, budgets and usage. Any method may raise DatabaseUnavailable."""

    # -- prices ------------------------------------------------------------------------------
    def prices(self) -> Mapping[str, Price]:
        """By model; ``*`` is for those without one of their own."""

    def set_price(self, model: str, price: Price) -> None: ...

    def remove_price(self, model: str) -> None:
        """Raises PriceUnknown."""

    # -- budgets -----------------------------------------------------------------------------
    def budgets(self, tenant: str) -> tuple[CampaignBudget, ...]:
        """By campaign. What has ended is in them, whether it is booked or not."""

    def budget(self, tenant: str, campaign: str) -> CampaignBudget:
        """Raises BudgetUnknown."""

    def set_budget(self, tenant: str, campaign: str, tokens: int | None, nanos: int | None) -> CampaignBudget:
        """Make one, or change its bounds; what is held and spent of it stays. Also makes the tenant."""

    def remove_budget(self, tenant: str, campaign: str) -> None:
        """Nothing bounds the campaign any more. Raises BudgetUnknown."""

    # -- usage -------------------------------------------------------------------------------
    def usage(self, tenant: str | None, first: str, last: str) -> tuple[Used, ...]:
        """From the date ``first`` to ``last``, both included, in order; of all tenants where None. What has
        ended is in it, whether it is booked or not."""

    def against(self, tenant: str, meter: Meter) -> Refused | None:
        """What a submit would be refused with for want of a hold: BudgetSpent, TokensSpent, or None."""

    def tokens_today(self, api_key: str) -> int:
        """Held and spent by a key on this date. What has ended and is not booked still counts as held."""

    # -- the relay ---------------------------------------------------------------------------
    def book(self, limit: int = 500) -> int:
        """Book up to ``limit`` charges: into the usage, and out of what is held. How many there were."""

    def forget_days(self, limit: int = 500) -> int:
        """Remove the days of keys that are over and of which nothing is held any more. How many."""


class Prices:
    """The price list, remembered for some seconds. Thread-safe."""

    def __init__(self, store: SpendingStore, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, Mapping[str, Price]] = (float("-inf"), {})

    def of(self, model: str) -> Price:
        """Raises DatabaseUnavailable."""
        now = self._clock()
        with self._lock:
            read_at, known = self._known
        if now - read_at >= _TRUST_S:
            known = self._store.prices()
            with self._lock:
                self._known = now, known
        return known.get(model) or known.get(EVERY_MODEL) or FREE


class Accounts:
    """What owners and operators do with the accounts. Thread-safe."""

    def __init__(self, store: SpendingStore) -> None:
        self._store = store

    def budgets(self, tenant: str) -> tuple[CampaignBudget, ...]:
        """Raises DatabaseUnavailable."""
        return self._store.budgets(tenant)

    def budget(self, tenant: str, campaign: str) -> CampaignBudget:
        """Raises BudgetUnknown, DatabaseUnavailable."""
        return self._store.budget(tenant, campaign)

    def set_budget(self, tenant: str, campaign: str, tokens: int | None, nanos: int | None) -> CampaignBudget:
        """Raises InputInvalid (no bound at all), DatabaseUnavailable."""
        if tokens is None and nanos is None:
            raise InputInvalid("A budget bounds tokens, price or both.", field="tokens")
        return self._store.set_budget(tenant, campaign, tokens, nanos)

    def remove_budget(self, tenant: str, campaign: str) -> None:
        """Raises BudgetUnknown, DatabaseUnavailable."""
        self._store.remove_budget(tenant, campaign)

    def prices(self) -> Mapping[str, Price]:
        """Raises DatabaseUnavailable."""
        return self._store.prices()

    def set_price(self, model: str, price: Price) -> None:
        """Raises DatabaseUnavailable."""
        self._store.set_price(model, price)

    def remove_price(self, model: str) -> None:
        """Raises PriceUnknown, DatabaseUnavailable."""
        self._store.remove_price(model)

    def usage(self, tenant: str | None, since: date | None = None, until: date | None = None) -> Usage:
        """Of a tenant, or of all: until today (UTC), and for thirty days, where nothing is said.

        Raises InputInvalid (``until`` is before ``since``), DatabaseUnavailable."""
        last = until or datetime.now(UTC).date()
        first = since or date.fromordinal(max(1, last.toordinal() - _USUAL_DAYS))
        if last < first:
            raise InputInvalid(f"until ({last}) is before since ({first}).", field="query.until")
        return Usage(first, last, self._store.usage(tenant, first.isoformat(), last.isoformat()))

    def tokens_today(self, api_key: str) -> int:
        """Raises DatabaseUnavailable."""
        return self._store.tokens_today(api_key)

    def against(self, tenant: str, meter: Meter) -> Refused | None:
        """Why nothing can be held for a job now; None: it can. Raises DatabaseUnavailable."""
        return self._store.against(tenant, meter)


class Bookkeeping:
    """What the relay does for the accounts."""

    # Pages of a turn: nothing else waits longer for it.
    _PAGES = 10
    _PAGE = 500

    def __init__(self, store: SpendingStore) -> None:
        self._store = store

    def turn(self) -> int:
        """Book what has ended; how many jobs. Raises DatabaseUnavailable."""
        done = 0
        for _ in range(self._PAGES):
            booked = self._store.book(self._PAGE)
            done += booked
            if booked < self._PAGE:
                break
        return done

    def forget(self) -> int:
        """Remove what no bound of a key asks for any more. Raises DatabaseUnavailable."""
        return self._store.forget_days()


def metered(
    by: ApiKey | None, campaign: str | None, price: Price, tokens_in: int, tokens_out: int, pictures: int
) -> Meter:
    """The meter of a job that reads and makes at most so much."""
    return Meter(
        hold=Amount(tokens_in + tokens_out, price.of(tokens_in, tokens_out, pictures)),
        price=price,
        api_key=by.id if by is not None else None,
        campaign=campaign,
        tokens_day=by.limits.tokens_day if by is not None else None,
    )
