"""A whole pressroom: a room, and a front before it that tests reach by HTTP as clients do."""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from tests.acceptance.processes import Process, Processes
from tests.acceptance.room import Room, room
from tests.services.ports import free_port

from pressroom.bootstrap.stores import open_key_store
from pressroom.client import Client, Transcript
from pressroom.client.sse import Decoder, ServerSentEvent
from pressroom.contract.events import End, EventEnvelope
from pressroom.contract.jobs import JobView
from pressroom.domain.scopes import Scope
from pressroom.jobs.keys import Keyring

TEXT_MODEL = "smollm2-135m-instruct"
IMAGE_MODEL = "vae-fashion"


class Press:
    """``url`` is the front's address, the same one after a restart."""

    def __init__(self, made: Room, port: int, stack: ExitStack) -> None:
        self.room = made
        self.url = f"http://127.0.0.1:{port}"
        self._port = str(port)
        self._keyring = Keyring(open_key_store(made.settings, made.database))
        self._stack = stack
        self._clients: dict[str, httpx.Client] = {}
        self._keys: dict[str, str] = {}

    @property
    def processes(self) -> Processes:
        return self.room.processes

    def front(self) -> Process:
        """A front that answers; after one was killed, on the same port."""
        front = self.processes.start("front", "pressroom.front", port=self._port)
        front.event("front_listens")
        httpx.get(f"{self.url}/healthz", timeout=30).raise_for_status()
        return front

    def admin_key(self) -> str:
        """An operator's API key."""
        return self._keyring.issue("operators", scopes=frozenset(Scope)).token

    def key(self, tenant: str = "acme") -> str:
        """The tenant's API key, made when it is first asked for."""
        if tenant not in self._keys:
            self._keys[tenant] = self._keyring.issue(tenant).token
        return self._keys[tenant]

    def client(self, tenant: str = "acme", **options: Any) -> Client:
        """The project's own client."""
        return self._stack.enter_context(Client(self.url, self.key(tenant), **options))

    def http(self, tenant: str = "acme") -> httpx.Client:
        """Plain HTTP with the tenant's key."""
        if tenant not in self._clients:
            self._clients[tenant] = self._stack.enter_context(
                httpx.Client(
                    base_url=self.url, headers={"Authorization": f"Bearer {self.key(tenant)}"}, timeout=30
                )
            )
        return self._clients[tenant]

    def post(self, body: Mapping[str, Any], tenant: str = "acme", **headers: str) -> httpx.Response:
        """``POST /v1/jobs``; ``idempotency_key="k"`` sends the header Idempotency-Key."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http(tenant).post("/v1/jobs", json=body, headers=sent)

    def post_text(self, prompt: str = "Hello", tenant: str = "acme", **params: Any) -> str:
        """The id of an accepted text job."""
        answer = self.post(text_body(prompt, **params), tenant)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def connection(self, job_id: str, last_id: str | None) -> Generator[ServerSentEvent]:
        """The events of one connection to the stream; it is cut when the iterator is closed."""
        return events_of(self.bytes_of(job_id, last_id))

    def bytes_of(self, job_id: str, last_id: str | None) -> Generator[bytes]:
        """The bytes of one connection as they come."""
        headers = {"Last-Event-ID": last_id} if last_id is not None else {}
        with self.http().stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
            assert answer.status_code in (200, 204), answer.read()
            yield from answer.iter_raw()

    def rows(self, query: str, **values: Any) -> int:
        """What a counting query counts."""
        with self.room.database.engine.connect() as connection:
            return int(connection.scalar(text(query), values) or 0)

    def results(self, job_id: str) -> int:
        """Rows of the job's results."""
        return self.rows("SELECT count(*) FROM output WHERE job_id = :id", id=job_id)


@contextmanager
def press(database_url: str, redis_url: str, folder: Path, **settings: Any) -> Iterator[Press]:
    """A press with the fake engine and no process yet; keyword arguments are settings."""
    wanted: dict[str, Any] = {
        "secret": "some words of the tests",
        "front_processes": 1,
        "front_threads": 64,
        # All are on this machine, with PostgreSQL too.
        "artifacts_shared": True,
        "sweep_s": 0.2,
        **settings,
    }
    with room(database_url, redis_url, folder, **wanted) as made, ExitStack() as stack:
        yield Press(made, free_port(), stack)


def text_body(prompt: str = "Hello", **params: Any) -> dict[str, Any]:
    """A request for a text."""
    return {"model": TEXT_MODEL, "input": {"prompt": prompt}, "params": {"seed": 7, **params}}


def image_body(**params: Any) -> dict[str, Any]:
    """A request for pictures."""
    return {"model": IMAGE_MODEL, "params": {"seed": 7, **params}}


def events_of(chunks: Iterator[bytes]) -> Generator[ServerSentEvent]:
    """The whole events in a connection's bytes."""
    decoder = Decoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)


def typed(sent: ServerSentEvent) -> EventEnvelope:
    """The event as the contract has it."""
    return EventEnvelope.model_validate({"id": sent.id, "event": json.loads(sent.data)})


def told(events: Iterable[EventEnvelope]) -> list[bytes]:
    """The bytes of each text that a follower of these events holds at their end, output by output."""
    transcript = Transcript()
    for envelope in events:
        transcript.apply(envelope.event)
    return [transcript.texts[n].encode() for n in sorted(transcript.texts)]


def cut_after_each(
    whole: Press, job_id: str, heard: Sequence[EventEnvelope] = (), most: int = 200
) -> list[EventEnvelope]:
    """All events of a job, each behind those ``heard`` from a connection of its own; ``most`` in all."""
    events = list(heard)
    while not events or not isinstance(events[-1].event, End):
        assert len(events) < most, f"no end in {events}"
        last_id = events[-1].id if events else None
        with closing(whole.connection(job_id, last_id)) as connection:
            events.append(typed(next(connection)))
    assert list(whole.connection(job_id, events[-1].id)) == [], "nothing follows the end"
    return events


def stored(client: httpx.Client, job: JobView | str) -> list[bytes]:
    """The bytes of each output as the API hands them out."""
    job_id = job if isinstance(job, str) else job.id
    outputs = client.get(f"/v1/jobs/{job_id}").json()["outputs"]
    contents = [client.get(output["url"]).content for output in outputs]
    assert [content.decode() for content in contents] == [output["text"] for output in outputs]
    return contents
