"""``client.feeds`` where nothing may block: as ``pressroom.client.feeds`` has it, awaited.

feed = await pressroom.feeds.post(table, {"outputs": [{"template": "seo-title"}]})
feed = await pressroom.feeds.wait(feed.id)
async for piece in pressroom.feeds.pieces(feed.id):
    print(piece.key, piece.text)
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from pressroom.client import feed_calls
from pressroom.client.asynchronous.courier import AsyncCourier
from pressroom.client.feed_calls import ExportForm, ExportWhich
from pressroom.client.following import Deadline
from pressroom.contract.feedback import Decision
from pressroom.contract.feeds import FeedPlan, FeedView, PieceView


class AsyncFeeds:
    """Every call may raise what the client's other calls do; see ``pressroom.client.errors``."""

    def __init__(self, courier: AsyncCourier) -> None:
        self._courier = courier

    async def post(
        self,
        table: bytes,
        plan: FeedPlan | Mapping[str, Any],
        *,
        name: str = "feed.csv",
        idempotency_key: str | None = None,
    ) -> FeedView:
        """Post a table: CSV, or a JSON object a line where ``name`` ends with ``.jsonl``. Made once, however often it is sent."""
        return await self._courier.send(
            feed_calls.post(table, plan, name=name, idempotency_key=idempotency_key)
        )

    async def get(self, feed_id: str) -> FeedView:
        """As it stands."""
        return await self._courier.send(feed_calls.get(feed_id))

    async def wait(self, feed_id: str, timeout_s: float | None = None) -> FeedView:
        """The feed once nothing of it waits or runs. Raises TimedOut; it goes on then."""
        pace = self._courier.pace
        deadline = Deadline(feed_id, timeout_s, pace.clock() + (timeout_s or 0.0), "Feed")
        while (feed := await self.get(feed_id)).finished_at is None:
            await pace.sleep(min(feed_calls.LOOK_S, deadline.left(pace.clock())))
        return feed

    async def pieces(self, feed_id: str) -> AsyncIterator[PieceView]:
        """All of them, row by row; pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = await self._courier.send(feed_calls.pieces(feed_id, cursor))
            for piece in page.items:
                yield piece
            if page.next is None:
                return
            cursor = page.next

    async def decide(self, feed_id: str, decision: Decision, pieces: Sequence[int] | None = None) -> int:
        """About pieces by their ``n``, or about all that are ready; how many it was."""
        return (await self._courier.send(feed_calls.decide(feed_id, decision, pieces))).decided

    async def export(
        self,
        feed_id: str,
        *,
        form: ExportForm = "csv",
        which: ExportWhich = "approved",
        columns: Sequence[str] | None = None,
    ) -> bytes:
        """What can go out so far."""
        return await self._courier.send(feed_calls.export(feed_id, form=form, which=which, columns=columns))
