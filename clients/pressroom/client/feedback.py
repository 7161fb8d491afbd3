"""``client.feedback``: what you think of a job's outputs, and what was said of all of them.

job = pressroom.text("Write one line about a blue mug.", n=3)
pressroom.feedback.give(job.id, chosen=2, rating=4)
for each in pressroom.feedback.all():
    print(each.job_id, each.rating)
"""

from collections.abc import Iterator
from typing import TypedDict, Unpack
from urllib.parse import quote

from pressroom.client.answers import Answer, parse
from pressroom.client.calls import Call, as_json
from pressroom.client.courier import Courier
from pressroom.contract.feedback import Decision, FeedbackPage, FeedbackView


class Opinion(TypedDict, total=False):
    """One of ``rating``, ``chosen``, ``edited``, ``comment`` and ``decision`` at least."""

    rating: int
    output: int
    chosen: int
    edited: str
    comment: str
    decision: Decision


class Feedback:
    """Every call may raise what the client's other calls do; see ``pressroom.client.errors``."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def give(self, job_id: str, **opinion: Unpack[Opinion]) -> FeedbackView:
        """Keep an opinion. Where an answer was lost it may be kept twice: the last one counts."""
        return self._courier.send(
            Call(
                "POST",
                f"/v1/jobs/{quote(job_id, safe='')}/feedback",
                _view,
                headers={"content-type": "application/json"},
                body=as_json(dict(opinion)),
            )
        )

    def of(self, job_id: str) -> tuple[FeedbackView, ...]:
        """What was said of a job, the oldest first."""
        return self._courier.send(Call("GET", f"/v1/jobs/{quote(job_id, safe='')}/feedback", _page)).items

    def all(self) -> Iterator[FeedbackView]:
        """What was said of all your jobs, newest first; pages are fetched as they are needed."""
        query: tuple[tuple[str, str], ...] = ()
        while True:
            page = self._courier.send(Call("GET", "/v1/feedback", _page, query=query))
            yield from page.items
            if page.next is None:
                return
            query = (("cursor", page.next),)


def _view(answer: Answer) -> FeedbackView:
    return parse(FeedbackView, answer.body)


def _page(answer: Answer) -> FeedbackPage:
    return parse(FeedbackPage, answer.body)
