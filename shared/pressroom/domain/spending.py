"""What a job may cost its owner, and what it did.

    accepted ──▶ hold: the most that it can cost ──▶ end ──▶ charge: what it delivered, never above the hold

Amounts count tokens, and nanos: billionths of whatever currency the price list is in, so that a token that
costs a ten-millionth is still a whole number. A job pays for the attempt that ended it: what others before it
have done in vain is ours to bear. One that is erased while it runs pays the whole hold, since nobody will
learn how much of it was read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pressroom.domain.states import State

NANOS = 1_000_000_000
MILLION = 1_000_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Price:
    """Nanos for one token read, one token written, and one picture."""

    token_in: int = 0
    token_out: int = 0
    picture: int = 0

    def of(self, tokens_in: int, tokens_out: int, pictures: int) -> int:
        """Nanos for so much."""
        return tokens_in * self.token_in + tokens_out * self.token_out + pictures * self.picture


FREE = Price()


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens, read and written together, and nanos."""

    tokens: int = 0
    nanos: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens + other.tokens, self.nanos + other.nanos)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens - other.tokens, self.nanos - other.nanos)

    def most(self, bound: "Amount") -> "Amount":
        """The same, but in neither more than ``bound``."""
        return Amount(min(self.tokens, bound.tokens), min(self.nanos, bound.nanos))


@dataclass(frozen=True, slots=True)
class Meter:
    """On whose account a job runs: the key that posted it, its campaign, the price when it was accepted, what
    is held for it, and how many tokens a day the key has (None: any number)."""

    hold: Amount = Amount()
    price: Price = FREE
    api_key: str | None = None
    campaign: str | None = None
    tokens_day: int | None = None

    def as_row(self) -> dict[str, Any]:
        """For a column of JSON."""
        row: dict[str, Any] = {
            "hold": [self.hold.tokens, self.hold.nanos],
            "price": [self.price.token_in, self.price.token_out, self.price.picture],
        }
        rest = {"api_key": self.api_key, "campaign": self.campaign, "tokens_day": self.tokens_day}
        return row | {name: value for name, value in rest.items() if value is not None}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Meter":
        """What ``as_row`` made."""
        rest = {name: row.get(name) for name in ("api_key", "campaign", "tokens_day")}
        return cls(Amount(*row["hold"]), Price(*row["price"]), **rest)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the attempt that ended a job has read and made. ``known`` is False where nobody can tell any more."""

    tokens_in: int = 0
    tokens_out: int = 0
    pictures: int = 0
    known: bool = True


NOTHING = Delivered()
UNKNOWN = Delivered(known=False)


def charge(meter: Meter | None, delivered: Delivered) -> Amount:
    """What a job is charged. One without a meter, of before there were any, is counted and costs nothing."""
    tokens = delivered.tokens_in + delivered.tokens_out
    if meter is None:
        return Amount(tokens)
    if not delivered.known:
        return meter.hold
    nanos = meter.price.of(delivered.tokens_in, delivered.tokens_out, delivered.pictures)
    return Amount(tokens, nanos).most(meter.hold)


@dataclass(frozen=True, slots=True)
class CampaignBudget:
    """What a campaign may cost: most tokens, most nanos, either or both. ``held`` is for jobs that have not
    ended. ``id`` is another one each time that it is made anew."""

    id: str
    tenant: str
    campaign: str
    tokens: int | None
    nanos: int | None
    created_at: int
    held: Amount = Amount()
    spent: Amount = Amount()

    def lacks(self, more: Amount) -> str | None:
        """``tokens`` or ``price``, whichever there is not enough of for ``more``; None: there is room."""
        return lacking(self.tokens, self.nanos, self.held + self.spent + more)


def lacking(tokens: int | None, nanos: int | None, wanted: Amount) -> str | None:
    """Which of two bounds ``wanted`` is above: ``tokens``, ``price``, or None."""
    if tokens is not None and wanted.tokens > tokens:
        return "tokens"
    if nanos is not None and wanted.nanos > nanos:
        return "price"
    return None


@dataclass(frozen=True, slots=True)
class Used:
    """One line of the usage: what ended on a day, by key, model and campaign (each "" where there is none).

    ``day`` is a date of UTC. Tokens and pictures are of the attempts that ended the jobs, ``engine_ms`` of all."""

    day: str
    tenant: str
    api_key: str
    model: str
    campaign: str
    jobs: int = 0
    succeeded: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    pictures: int = 0
    engine_ms: int = 0
    nanos: int = 0

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        return (self.day, self.tenant, self.api_key, self.model, self.campaign)

    def but(self, **places: str) -> "Used":
        """The same at another place."""
        return replace(self, **places)  # type: ignore[arg-type]

    def __add__(self, other: "Used") -> "Used":
        """Both together, at the place of this one."""
        return replace(
            self,
            jobs=self.jobs + other.jobs,
            succeeded=self.succeeded + other.succeeded,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            pictures=self.pictures + other.pictures,
            engine_ms=self.engine_ms + other.engine_ms,
            nanos=self.nanos + other.nanos,
        )


def add_up(lines: Iterable[Used]) -> tuple[Used, ...]:
    """One line a place, in order of the places."""
    sums: dict[tuple[str, ...], Used] = {}
    for line in lines:
        before = sums.get(line.place)
        sums[line.place] = line if before is None else before + line
    return tuple(sums[place] for place in sorted(sums))


@dataclass(frozen=True, slots=True)
class Charge:
    """A job's end as the accounts see it; it is booked into the usage once. ``budget``: the id of the one that
    ``hold`` was taken from; ``on_day``: whether its tokens were taken from a day of its key as well."""

    job_id: str
    tenant: str
    ended_at: int
    accepted_at: int
    model: str
    state: State
    delivered: Delivered
    engine_ms: int
    amount: Amount
    hold: Amount = Amount()
    api_key: str | None = None
    campaign: str | None = None
    budget: str | None = None
    on_day: bool = False

    @property
    def used(self) -> Used:
        """The line of usage that this job is."""
        return Used(
            day=day_of(self.ended_at),
            tenant=self.tenant,
            api_key=self.api_key or "",
            model=self.model,
            campaign=self.campaign or "",
            jobs=1,
            succeeded=int(self.state is State.SUCCEEDED),
            tokens_in=self.delivered.tokens_in,
            tokens_out=self.delivered.tokens_out,
            pictures=self.delivered.pictures,
            engine_ms=self.engine_ms,
            nanos=self.amount.nanos,
        )


def day_of(milliseconds: int) -> str:
    """The date, in UTC, of a moment since the epoch: ``2026-11-30``."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d}"


def next_day_ms(milliseconds: int) -> int:
    """How long it is from a moment until the next date begins in UTC."""
    return _DAY_MS - milliseconds % _DAY_MS


def nanos_of(amount: Decimal, pieces: int = 1) -> int:
    """Nanos of one of so many equal pieces of an amount of the currency; prices are told for a million tokens.

    Raises ValueError for what is no whole number of them."""
    nanos = amount * NANOS / pieces
    if not nanos.is_finite() or nanos != nanos.to_integral_value():
        raise ValueError(f"{amount} is too fine: {'three' if pieces == MILLION else 'nine'} decimals at most")
    return int(nanos)


def told(nanos: int) -> str:
    """Nanos as people and programs read them: ``0.000123``; without needless zeros."""
    whole, part = divmod(abs(nanos), NANOS)
    decimals = f"{part:09d}".rstrip("0")
    return f"{'-' if nanos < 0 else ''}{whole}{'.' + decimals if decimals else ''}"
