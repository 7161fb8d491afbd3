"""Quotes of the use case as the API shows them."""

from pressroom.contract.jobs import ModelView
from pressroom.contract.spending import QuotedFinish, QuotedTokens, QuoteView
from pressroom.domain.job import NewJob
from pressroom.domain.spending import Meter, told
from pressroom.jobs.quotes import Quote


def quote_view(quote: Quote) -> QuoteView:
    """What a job would take and cost, and what would be in its way."""
    new, meter = quote.new, quote.new.meter or Meter()
    found = quote.tokens
    code, reason = _blocked(quote)
    return QuoteView(
        quote=quote.token,
        expires_at=quote.expires_at,
        model=ModelView(name=new.model.name, version=new.model.version, sha256=new.model.sha256),
        tokens=None
        if found is None
        else QuotedTokens(read=found.read, written_most=found.written_most, written_expected=found.written),
        pictures=_pictures(new),
        price_most=told(meter.hold.nanos),
        price_expected=told(quote.expected.nanos),
        engine_seconds=round(quote.estimate.engine_ms / 1000, 3),
        finish=QuotedFinish(
            p50_s=round(quote.estimate.p50_ms / 1000, 3),
            p90_s=round(quote.estimate.p90_ms / 1000, 3),
            samples=quote.estimate.samples,
        ),
        blocked_code=code,
        blocked_reason=reason,
    )


def _pictures(new: NewJob) -> int | None:
    if new.kind != "image":
        return None
    return 1 if new.params["sheet"] else int(new.params["n"])


def _blocked(quote: Quote) -> tuple[str | None, str | None]:
    if quote.lacks is not None:
        return quote.lacks.code, quote.lacks.message
    if not quote.places:
        return (
            "no_live_worker",
            f"No live worker would take jobs of the pool {quote.new.pool}; the job would wait for one.",
        )
    return None, None
