"""A follower of a job's stream that is cut again and again, and puts the text together by the rules."""

import json
import time
from collections.abc import Callable
from random import Random

import httpx
from tests.acceptance.press import events_of
from tests.chaos.ledger import Ledger

from pressroom.client.sse import ServerSentEvent
from pressroom.contract.events import Delta, End, EventEnvelope, Gone, Reset

_PAUSE_S = 0.2


class Follower:
    """``follow`` returns at the stream's end, or when ``over()``. What came of it is in the ledger."""

    def __init__(self, ledger: Ledger, job_id: str, dice: Random) -> None:
        self._ledger = ledger
        self._job = job_id
        self._dice = dice
        self._last_id: str | None = None
        self._done = False
        self.texts: dict[int, str] = {}
        self.told: list[str] = []

    def follow(self, http: httpx.Client, over: Callable[[], bool]) -> None:
        while not self._done and not over():
            try:
                self._connect(http)
            except httpx.TransportError:
                time.sleep(_PAUSE_S)

    def take(self, envelope: EventEnvelope) -> None:
        """One event. By the contract each delta begins where the text known so far ends."""
        event = envelope.event
        self._last_id = envelope.id
        self.told.append(f"{envelope.id} {event.type}")
        match event:
            case Reset():
                self.texts.clear()
            case Delta(n=n, offset=offset, text=text):
                known = self.texts.get(n, "")
                if offset < len(known):
                    self._stumble("twice", f"{envelope.id} tells again what lies at {offset} of {len(known)}")
                elif offset > len(known):
                    self._stumble("hole", f"{envelope.id} begins at {offset}, known is {len(known)}")
                self.texts[n] = known[:offset] + text
            case End(status=status):
                self._done = True
                texts = {str(n): text for n, text in self.texts.items()}
                self._ledger.write("followed", job=self._job, status=status, texts=texts)
            case Gone():
                self._done = True
                self._ledger.write("followed", job=self._job, status="gone", texts={})
            case _:
                pass

    def _connect(self, http: httpx.Client) -> None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id is not None else {}
        cut_after = self._dice.choice((1, 5, 25, 1_000_000))
        with http.stream("GET", f"/v1/jobs/{self._job}/events", headers=headers) as answer:
            if answer.status_code == 410:
                self._done = True
                self._ledger.write("followed", job=self._job, status="gone", texts={})
            elif answer.status_code == 204:
                self._done = True
                self._stumble("early", f"204 behind {self._last_id}, which is not the end")
            elif answer.status_code != 200:
                self._refused(answer)
            else:
                for number, sent in enumerate(events_of(answer.iter_raw())):
                    self.take(_typed(sent))
                    if self._done or number >= cut_after:
                        return

    def _refused(self, answer: httpx.Response) -> None:
        answer.read()
        if answer.status_code in (429, 503):
            time.sleep(_PAUSE_S)
            return
        self._done = True
        self._stumble("refused", f"{answer.status_code} {answer.text[:300]}")

    def _stumble(self, how: str, what: str) -> None:
        self._ledger.write("stumbled", job=self._job, how=how, because=what, told=self.told[-12:])


def _typed(sent: ServerSentEvent) -> EventEnvelope:
    return EventEnvelope.model_validate({"id": sent.id, "event": json.loads(sent.data)})
