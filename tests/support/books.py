"""Accounts for tests of the stores: all stores of one database, prices, meters."""

from dataclasses import dataclass
from typing import Any

from tests.support.batches import Post
from tests.support.desk import Desk
from tests.support.jobs import Timepiece

from pressroom.domain.job import Claim, Job, Usage
from pressroom.domain.limits import KeyLimits
from pressroom.domain.spending import Amount, CampaignBudget, Meter, Price
from pressroom.jobs.batch_ports import BatchStore
from pressroom.jobs.ports import ApiKey, JobStore, KeyStore
from pressroom.jobs.requeue import RequeueStore
from pressroom.jobs.spending import SpendingStore

# Ten nanos a token read, a hundred a token written, a thousand a picture.
PRICE = Price(10, 100, 1_000)
READ = 10
HASH = "f" * 64


def meter(campaign: str | None = "spring", tokens: int = 40, **changes: Any) -> Meter:
    """Of a job that may read 10 tokens and write the rest of ``tokens``."""
    hold = Amount(tokens, PRICE.of(READ, tokens - READ, 0))
    return Meter(hold, PRICE, campaign=campaign, **changes)


def spent(tokens_out: int) -> Usage:
    return Usage(READ, tokens_out, 30)


@dataclass
class Books:
    """All that stands on one database."""

    clock: Timepiece
    jobs: JobStore
    batches: BatchStore
    keys: KeyStore
    requeues: RequeueStore
    spending: SpendingStore

    @property
    def desk(self) -> Desk:
        return Desk(self.jobs)

    @property
    def post(self) -> Post:
        return Post(self.jobs, self.batches)

    def submit(self, campaign: str | None = "spring", tokens: int = 40, **changes: Any) -> Job:
        return self.desk.submit(meter=meter(campaign, tokens, **changes))

    def running(self, **changes: Any) -> Claim:
        return self.desk.running(meter=meter(**changes))

    def key(self, key_id: str = "0123456789ab", tenant: str = "acme", **limits: Any) -> ApiKey:
        made = ApiKey(key_id, tenant, "", 1, limits=KeyLimits(**limits))
        self.keys.add(made, HASH)
        return made

    def budget(self, tokens: int | None = None, nanos: int | None = None, campaign: str = "spring") -> None:
        self.spending.set_budget("acme", campaign, tokens, nanos)

    def booked(self) -> CampaignBudget:
        """The budget of spring, once the relay has booked everything."""
        shown = self.spending.budget("acme", "spring")
        while self.spending.book():
            pass
        assert self.spending.budget("acme", "spring") == shown
        return shown
