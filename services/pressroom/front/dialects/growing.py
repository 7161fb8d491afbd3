"""Texts that only grow, for streams that cannot take words back.

Where a worker was lost and another one writes the text anew, the same seed gives the same words: what the client has already is held
back, and only what is new is sent. Should the words differ, the stream ends in an error.

    Differs     stream_broken    the text came out differently
    Stopping    stopping         this process stops; the job goes on
"""

from collections.abc import Iterator

from pressroom.contract.events import Delta
from pressroom.front.dialects.following import LAST, Events
from pressroom.front.errors import FrontError


class Differs(FrontError):
    code = "stream_broken"
    status = 502


class Stopping(FrontError):
    code = "stopping"
    status = 503


class Grown:
    """What a client has of each text, and what there is now."""

    def __init__(self) -> None:
        self._sent: dict[int, str] = {}
        self._now: dict[int, str] = {}

    def pieces(self, events: Events) -> Iterator[tuple[int, str] | None]:
        """What each text grows by until the job's end; None where nothing has happened for a while.

        Raises Differs, and Stopping where there is no end."""
        for event in events:
            if event is None:
                yield None
            elif event.name == "reset":
                self.reset()
            elif event.name == "delta":
                delta = Delta.model_validate(event.data)
                if text := self.more(delta.n, delta.offset, delta.text):
                    yield delta.n, text
            elif event.name in LAST:
                return
        raise Stopping("This server stops. Ask again.")

    def reset(self) -> None:
        """Another attempt writes anew."""
        self._now.clear()

    def more(self, n: int, offset: int, text: str) -> str:
        """What is new to the client of text ``n``, which has grown at ``offset``. Raises Differs."""
        now = self._now[n] = self._now.get(n, "")[:offset] + text
        sent = self._sent.get(n, "")
        if not (now.startswith(sent) or sent.startswith(now)):
            raise Differs("A worker was lost and the text came out differently: ask again.")
        if len(now) <= len(sent):
            return ""
        self._sent[n] = now
        return now[len(sent) :]

    def rest(self, n: int, whole: str) -> str:
        """What the client lacks of the whole text. Raises Differs."""
        if not whole.startswith(self._sent.get(n, "")):
            raise Differs("A worker was lost and the text came out differently: ask again.")
        return self.more(n, 0, whole)
