"""Quotes: what a job would take and cost, before anybody asks for it; and the price that it then has for a while.

    request ──▶ resolved as a submit would, nothing stored ──▶ tokens, price, when it would be done, what is in its way

A quote is signed and kept nowhere: the request that comes back with it within its time is charged its price.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Protocol

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from pressroom.contract.jobs import JobRequest
from pressroom.domain.cost import estimated_cost
from pressroom.domain.errors import QuoteExpired, QuoteInvalid, Refused
from pressroom.domain.estimate import Estimate, Lately, Piece, estimate
from pressroom.domain.job import NewJob
from pressroom.domain.spending import Amount, Meter, Price
from pressroom.jobs.ports import ApiKey

# How long a quote holds.
GOOD_FOR_S = 600
_SALT = "pressroom quote"


class PieceStore(Protocol):
    """What a pool does and has done."""

    def lately(self, pool: str) -> Lately:
        """Raises DatabaseUnavailable."""


class Seals:
    """Signs quotes, and reads them again. ``good_for_s``: how long one holds."""

    def __init__(self, secret: bytes, good_for_s: int = GOOD_FOR_S) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt=_SALT)
        self.good_for_s = good_for_s

    def sign(self, tenant: str, request: JobRequest, price: Price) -> str:
        prices = [price.token_in, price.token_out, price.picture]
        return str(self._serializer.dumps([tenant, digest(request), *prices]))

    def price(self, tenant: str, request: JobRequest) -> Price:
        """The price that the request's quote holds for it. Raises QuoteInvalid, QuoteExpired."""
        try:
            whose, of, *prices = self._serializer.loads(request.quote or "", max_age=self.good_for_s)
        except SignatureExpired:
            raise QuoteExpired(
                f"This quote was good for {self.good_for_s} s, which are over. Ask for a new one (dry_run=true), "
                "or leave it out to pay the price of now.",
                field="quote",
            ) from None
        except (BadSignature, ValueError):
            raise QuoteInvalid(
                "This is no quote of this server. Ask for one with dry_run=true.", field="quote"
            ) from None
        if (whose, of) != (tenant, digest(request)):
            raise QuoteInvalid(
                "This quote is for another request. Send exactly what was asked a quote for, or ask for a new one.",
                field="quote",
            )
        return Price(*prices)


def digest(request: JobRequest) -> str:
    """Of all that a request asks for, but for its quote."""
    asked = request.model_dump(mode="json", exclude={"quote"})
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Considering(Protocol):
    """Resolves a request as a submit would, and stores nothing."""

    def considered(self, tenant: str, request: JobRequest, by: ApiKey | None = None) -> NewJob:
        """Raises what a submit raises of a request that is wrong."""


class Affording(Protocol):
    """Says what the accounts have against a job."""

    def against(self, tenant: str, meter: Meter) -> Refused | None:
        """Why nothing can be held for it now; None: it can. Raises DatabaseUnavailable."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a job reads at most, writes at most, and is likely to write."""

    read: int
    written_most: int
    written: int


@dataclass(frozen=True, slots=True)
class Quote:
    """``new``: the job that it would be. ``expected``: what it is likely to be charged; its hold is the most. ``tokens``: None
    of a picture job. ``lacks``: why it would be refused now, None if it would not. ``places``: how many jobs the pool's
    live workers run at once."""

    new: NewJob
    token: str
    expires_at: int
    expected: Amount
    tokens: Tokens | None
    estimate: Estimate
    places: int
    lacks: Refused | None = None


class Quoter:
    """The use case behind ``POST /v1/jobs?dry_run=true``. Thread-safe."""

    def __init__(
        self,
        considering: Considering,
        pieces: PieceStore,
        affording: Affording,
        seals: Seals,
        clock: Callable[[], float] = time,
    ) -> None:
        self._considering = considering
        self._pieces = pieces
        self._affording = affording
        self._seals = seals
        self._clock = clock

    def quote(self, tenant: str, request: JobRequest, by: ApiKey | None = None) -> Quote:
        """Raises what a submit raises of a request that is wrong, and DatabaseUnavailable."""
        new = self._considering.considered(tenant, request, by)
        lately = self._pieces.lately(new.pool)
        cost = estimated_cost(new.kind, new.params)
        told = estimate(Piece(tenant, new.model.name, new.priority, cost, lately.now), lately)
        meter = new.meter or Meter()
        tokens = _tokens(new, meter, told)
        return Quote(
            new=new,
            token=self._seals.sign(tenant, request, meter.price),
            expires_at=int((self._clock() + self._seals.good_for_s) * 1000),
            expected=_expected(meter, tokens),
            tokens=tokens,
            estimate=told,
            places=lately.places,
            lacks=self._affording.against(tenant, meter),
        )


def _tokens(new: NewJob, meter: Meter, told: Estimate) -> Tokens | None:
    if new.kind == "image":
        return None
    if new.kind != "text":
        return Tokens(meter.hold.tokens, 0, 0)
    most = int(new.params["n"]) * int(new.params["max_tokens"])
    return Tokens(meter.hold.tokens - most, most, round(most * told.share_written))


def _expected(meter: Meter, tokens: Tokens | None) -> Amount:
    if tokens is None:
        return meter.hold
    return Amount(tokens.read + tokens.written, meter.price.of(tokens.read, tokens.written, 0))
