"""Which model a job gets where nobody named one, and which of its texts is the best."""

from collections.abc import Sequence

from pressroom.client.errors import ClientError
from pressroom.contract.jobs import JobView, Kind, ModelCard, OutputView
from pressroom.contract.pictures import Operation


def picked(cards: Sequence[ModelCard], kind: Kind, operation: Operation | None, base_url: str) -> ModelCard:
    """The first model of a kind, which offers this operation: of those that a live worker runs, if there are any, and of those
    that answer what they are asked. Pictures are drawn by one that samples where nothing is said.

    Raises ClientError where there is none."""
    wanted = operation or ("sample" if kind == "image" else None)
    found = [card for card in cards if card.kind == kind and _offers(card, wanted)]
    if not found:
        what = f"{kind} model" if operation is None else f"model for {operation}"
        raise ClientError(f"{base_url} offers no {what}. Pull or import one on the server.")
    return min(found, key=lambda card: (not card.live_workers, not card.chat))


def _offers(card: ModelCard, wanted: Operation | None) -> bool:
    """A server of before there were operations tells none: its models sample."""
    return wanted is None or wanted in (card.operations or ("sample",))


def best(job: JobView) -> OutputView:
    """Of the texts that were written by a template, the first in their order; of any other job, the first output.

    Raises ClientError where there is none."""
    if not job.outputs:
        raise ClientError(f"Job {job.id} has no outputs: it is {job.status}.")
    return min(job.outputs, key=lambda each: each.review.rank if each.review is not None else each.n + 1)
