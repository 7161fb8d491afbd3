"""``MemorySpendingStore``: the port ``SpendingStore`` in memory, and the accounts of the memory job store.

Charges are booked at once, so that there is never anything to book."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pressroom.adapters.refusals import budget_spent, budget_unknown, price_unknown, tokens_spent
from pressroom.domain.errors import Refused
from pressroom.domain.ids import new_id
from pressroom.domain.job import NewJob
from pressroom.domain.spending import CampaignBudget, Charge, Meter, Price, Used, add_up, day_of
from pressroom.domain.times import wall_ms


@dataclass(frozen=True, slots=True)
class Holding:
    """What was set aside for a job."""

    budget: str | None = None
    on_day: bool = False


NOTHING_HELD = Holding()


class MemorySpendingStore:
    """Accounts in one process. Thread-safe. ``clock`` gives milliseconds since the epoch."""

    def __init__(self, clock: Callable[[], int] = wall_ms) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._prices: dict[str, Price] = {}
        self._budgets: dict[tuple[str, str], CampaignBudget] = {}
        self._days: dict[tuple[str, str], tuple[int, int]] = {}
        self._usage: tuple[Used, ...] = ()

    # -- the job store -----------------------------------------------------------------------
    def hold(self, new: NewJob) -> Holding:
        """Set aside what the job can cost at most. Raises BudgetSpent, TokensSpent."""
        meter, now = new.meter, self._clock()
        if meter is None:
            return NOTHING_HELD
        with self._lock:
            refused = self.against(new.tenant, meter)
            if refused is not None:
                raise refused
            found = self._budgets.get((new.tenant, meter.campaign or ""))
            place = (meter.api_key or "", day_of(now))
            if meter.tokens_day is not None:
                held, spent = self._days.get(place, (0, 0))
                self._days[place] = held + meter.hold.tokens, spent
            if found is not None:
                self._budgets[found.tenant, found.campaign] = replace(found, held=found.held + meter.hold)
            return Holding(found.id if found is not None else None, meter.tokens_day is not None)

    def charge(self, made: Charge) -> None:
        """A job has just ended."""
        with self._lock:
            self._usage = add_up((*self._usage, made.used))
            for place, found in self._budgets.items():
                if found.id == made.budget:
                    held, spent = found.held - made.hold, found.spent + made.amount
                    self._budgets[place] = replace(found, held=held, spent=spent)
            if made.on_day:
                day = (made.api_key or "", day_of(made.accepted_at))
                before, after = self._days[day]
                self._days[day] = before - made.hold.tokens, after + made.amount.tokens

    # -- prices ------------------------------------------------------------------------------
    def prices(self) -> Mapping[str, Price]:
        with self._lock:
            return dict(sorted(self._prices.items()))

    def set_price(self, model: str, price: Price) -> None:
        with self._lock:
            self._prices[model] = price

    def remove_price(self, model: str) -> None:
        with self._lock:
            if self._prices.pop(model, None) is None:
                raise price_unknown(model)

    # -- budgets -----------------------------------------------------------------------------
    def budgets(self, tenant: str) -> tuple[CampaignBudget, ...]:
        with self._lock:
            return tuple(found for place, found in sorted(self._budgets.items()) if place[0] == tenant)

    def budget(self, tenant: str, campaign: str) -> CampaignBudget:
        with self._lock:
            found = self._budgets.get((tenant, campaign))
        if found is None:
            raise budget_unknown(campaign)
        return found

    def set_budget(self, tenant: str, campaign: str, tokens: int | None, nanos: int | None) -> CampaignBudget:
        with self._lock:
            found = self._budgets.get((tenant, campaign))
            if found is None:
                found = CampaignBudget(new_id("bud"), tenant, campaign, tokens, nanos, self._clock())
            found = replace(found, tokens=tokens, nanos=nanos)
            self._budgets[tenant, campaign] = found
            return found

    def remove_budget(self, tenant: str, campaign: str) -> None:
        with self._lock:
            if self._budgets.pop((tenant, campaign), None) is None:
                raise budget_unknown(campaign)

    # -- usage -------------------------------------------------------------------------------
    def usage(self, tenant: str | None, first: str, last: str) -> tuple[Used, ...]:
        with self._lock:
            return tuple(
                line for line in self._usage if first <= line.day <= last and tenant in (None, line.tenant)
            )

    def against(self, tenant: str, meter: Meter) -> Refused | None:
        with self._lock:
            found = self._budgets.get((tenant, meter.campaign or ""))
            lacks = found.lacks(meter.hold) if found is not None else None
            if found is not None and lacks is not None:
                return budget_spent(found, lacks, meter.hold)
            used = self.tokens_today(meter.api_key or "")
            if meter.tokens_day is not None and used + meter.hold.tokens > meter.tokens_day:
                return tokens_spent(meter.tokens_day, used, meter.hold.tokens, self._clock())
            return None

    def tokens_today(self, api_key: str) -> int:
        with self._lock:
            return sum(self._days.get((api_key, day_of(self._clock())), (0, 0)))

    # -- the relay ---------------------------------------------------------------------------
    def book(self, limit: int = 500) -> int:
        return 0

    def forget_days(self, limit: int = 500) -> int:
        today = day_of(self._clock())
        with self._lock:
            over = [place for place, (held, _) in self._days.items() if place[1] < today and not held][:limit]
            for place in over:
                del self._days[place]
            return len(over)
