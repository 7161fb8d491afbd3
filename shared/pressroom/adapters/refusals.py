"""What both job stores, the SQL one and the one in memory, answer when they refuse: the same words."""

from pressroom.domain.errors import (
    BatchEnded,
    BatchErased,
    BatchGivenUp,
    BatchUnknown,
    BudgetSpent,
    BudgetUnknown,
    DeliveryUnknown,
    EndpointUnknown,
    JobErased,
    JobUnknown,
    KeyReused,
    KeyUnknown,
    NotRequeueable,
    PriceUnknown,
    PromptErased,
    QueueFull,
    TokensSpent,
    TooManyEndpoints,
)
from pressroom.domain.pace import Bound, Drain, forecast
from pressroom.domain.spending import Amount, CampaignBudget, lacking, next_day_ms, told
from pressroom.domain.states import State


def job_unknown() -> JobUnknown:
    return JobUnknown("There is no such job, or it belongs to another tenant.")


def job_erased() -> JobErased:
    return JobErased("This job was erased; nothing of its content is left. Post a new one.")


def not_requeueable(state: State) -> NotRequeueable:
    if state is State.SUCCEEDED:
        return NotRequeueable("This job has succeeded. Post a new one to have another result.")
    return NotRequeueable(f"This job is {state.value}. Cancel it first, or wait for its end.")


def prompt_erased() -> PromptErased:
    return PromptErased(
        "The prompt of this job was erased by policy, so that nothing can be made of it. Post it anew."
    )


def key_reused() -> KeyReused:
    return KeyReused(
        "This Idempotency-Key was used for another request. Use a new key, or send the same body.",
        field="header.Idempotency-Key",
    )


def queue_full(bound: Bound, limit: int, drain: Drain) -> QueueFull:
    """Which bound it is, how fast it has moved of late, and when there is room."""
    outlook = forecast(drain)
    what = {
        Bound.LANE: f"{limit} of your jobs are queued in this pool already",
        Bound.POOL: f"The queue of this pool holds {limit} jobs already",
        Bound.ALL: f"The queues of all pools hold {limit} jobs already",
    }[bound]
    if not outlook.workers:
        why = "no worker that would take them is alive now, so that nobody can say when there is room"
    elif outlook.per_second is None:
        why = "none has ended within the last hour, so that nobody can say when there is room"
    else:
        why = f"of late {_rate(outlook.per_second)} have ended, so that there is room for another one then"
    return QueueFull(
        f"{what}. Post again in {outlook.seconds} s: {why}.", bound=bound, limit=limit, outlook=outlook
    )


def budget_spent(found: CampaignBudget, lacks: str, wanted: Amount) -> BudgetSpent:
    """What there is not enough of, and how much there is."""
    used = found.held + found.spent
    if lacks == "tokens":
        most, left = f"{found.tokens}", f"{(found.tokens or 0) - used.tokens}"
        asked = f"{wanted.tokens} tokens"
    else:
        most, left = told(found.nanos or 0), told((found.nanos or 0) - used.nanos)
        asked = told(wanted.nanos)
    for_good = lacking(found.tokens, found.nanos, found.spent + wanted) is not None
    way = "Ask for less, or raise the budget" if for_good else "Wait for jobs to end, or ask for less"
    return BudgetSpent(
        f"This may cost {asked}, and of the budget of {found.campaign} ({most}) {left} "
        f"{'are' if lacks == 'tokens' else 'is'} left. {way}.",
        for_good=for_good,
    )


def tokens_spent(most: int, used: int, wanted: int, now: int) -> TokensSpent:
    """``now``: the next day begins so much later."""
    return TokensSpent(
        f"This may take {wanted} tokens, and of the {most} that this API key has a day {max(0, most - used)} are "
        "left. Ask for less, or wait for the next day (UTC).",
        for_good=wanted > most,
        retry_after_s=next_day_ms(now) / 1000,
    )


def budget_unknown(campaign: str) -> BudgetUnknown:
    return BudgetUnknown(f"There is no budget for the campaign {campaign}. PUT it to have one.")


def price_unknown(model: str) -> PriceUnknown:
    return PriceUnknown(f"The price list has no line for {model}.")


def key_unknown() -> KeyUnknown:
    return KeyUnknown("There is no such API key in use.")


def _rate(per_second: float) -> str:
    return f"{per_second:.1f} a second" if per_second >= 1 else f"{per_second * 60:.1f} a minute"


def endpoint_unknown() -> EndpointUnknown:
    return EndpointUnknown("There is no such endpoint, or it belongs to another tenant.")


def delivery_unknown() -> DeliveryUnknown:
    return DeliveryUnknown("There is no such delivery, or it belongs to another tenant.")


def too_many_endpoints(most: int) -> TooManyEndpoints:
    return TooManyEndpoints(f"You have {most} endpoints already. Remove one that is not needed.")


def batch_unknown() -> BatchUnknown:
    return BatchUnknown("There is no such batch, or it belongs to another tenant.")


def batch_erased() -> BatchErased:
    return BatchErased("This batch was erased; nothing of its content is left. Post a new one.")


def batch_given_up() -> BatchGivenUp:
    return BatchGivenUp(
        "This batch was given up before all of its rows had come: it was canceled, took too long, or was "
        "posted again under the same Idempotency-Key. None of its rows will run. Post it again."
    )


def batch_canceled() -> BatchEnded:
    return BatchEnded("This batch was canceled; its rows are not made anew. Post them as a new batch.")


def batch_not_received() -> BatchEnded:
    return BatchEnded("This batch has not come whole yet, so that nothing of it has failed.")


def custom_id_taken(custom_id: str) -> tuple[str, str]:
    """Code and message of a row that is refused."""
    return "custom_id_taken", f"An earlier row of this batch has the custom_id {custom_id!r} already."
