"""``client.feeds``: a table of products in, copy and pictures for each row out.

feed = pressroom.feeds.post(Path("products.csv").read_bytes(), {"outputs": [{"template": "seo-title"}]})
feed = pressroom.feeds.wait(feed.id)
pressroom.feeds.decide(feed.id, "approved")
Path("feed.csv").write_bytes(pressroom.feeds.export(feed.id))
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pressroom.client import feed_calls
from pressroom.client.courier import Courier
from pressroom.client.feed_calls import ExportForm, ExportWhich
from pressroom.client.following import Deadline
from pressroom.contract.feedback import Decision
from pressroom.contract.feeds import FeedPlan, FeedView, PieceView


class Feeds:
    """Every call may raise what the client's other calls do; see ``pressroom.client.errors``."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def post(
        self,
        table: bytes,
        plan: FeedPlan | Mapping[str, Any],
        *,
        name: str = "feed.csv",
        idempotency_key: str | None = None,
    ) -> FeedView:
        """Post a table: CSV, or a JSON object a line where ``name`` ends with ``.jsonl``. Made once, however often it is sent."""
        return self._courier.send(feed_calls.post(table, plan, name=name, idempotency_key=idempotency_key))

    def get(self, feed_id: str) -> FeedView:
        """As it stands."""
        return self._courier.send(feed_calls.get(feed_id))

    def wait(self, feed_id: str, timeout_s: float | None = None) -> FeedView:
        """The feed once nothing of it waits or runs. Raises TimedOut; it goes on then."""
        pace = self._courier.pace
        deadline = Deadline(feed_id, timeout_s, pace.clock() + (timeout_s or 0.0), "Feed")
        while (feed := self.get(feed_id)).finished_at is None:
            pace.sleep(min(feed_calls.LOOK_S, deadline.left(pace.clock())))
        return feed

    def pieces(self, feed_id: str) -> Iterator[PieceView]:
        """All of them, row by row; pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = self._courier.send(feed_calls.pieces(feed_id, cursor))
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def decide(self, feed_id: str, decision: Decision, pieces: Sequence[int] | None = None) -> int:
        """About pieces by their ``n``, or about all that are ready; how many it was."""
        return self._courier.send(feed_calls.decide(feed_id, decision, pieces)).decided

    def export(
        self,
        feed_id: str,
        *,
        form: ExportForm = "csv",
        which: ExportWhich = "approved",
        columns: Sequence[str] | None = None,
    ) -> bytes:
        """What can go out so far."""
        return self._courier.send(feed_calls.export(feed_id, form=form, which=which, columns=columns))
