"""Events over HTTP: a browser's view of a job, cut at will."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter
from tests.support.front import Front, problem
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import words_of

from pressroom.contract.events import Event
from pressroom.domain.ids import new_id

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
JOB = {
    "model": "smollm2-135m-instruct",
    "input": {"prompt": "a mug"},
    "params": {"seed": 14, "max_tokens": 9, "n": 2},
}


@pytest.fixture
def stack() -> Iterator[MiniStack]:
    with MiniStack() as made:
        yield made


@pytest.fixture
def http(stack: MiniStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as client:
        yield client


@contextmanager
def events(http: httpx.Client, path: str, last_id: str | None = None) -> Iterator[Iterator[dict[str, str]]]:
    """The events of one connection as their fields."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    with http.stream("GET", path, headers=headers) as response:
        assert response.status_code in (200, 204)
        yield _blocks(response)


def _blocks(response: httpx.Response) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields:
            yield fields
        fields = {}


def applied(texts: dict[int, str], block: dict[str, str]) -> str:
    """Do with an event what the contract says; the event's type."""
    event = EVENT.validate_json(block["data"])
    assert event.type == block["event"]
    if event.type == "delta":
        assert len(texts.get(event.n, "")) == event.offset
        texts[event.n] = texts.get(event.n, "") + event.text
    elif event.type == "reset":
        texts.clear()
    return event.type


def test_a_stream_tells_the_stored_text(http: httpx.Client) -> None:
    job = http.post("/v1/jobs", json=JOB).json()
    texts: dict[int, str] = {}
    with events(http, job["links"]["events"]) as stream:
        seen = [applied(texts, block) for block in stream]
    assert (seen[0], seen[-1]) == ("started", "end")
    assert texts == {n: "".join(words_of(14, 9, n)) for n in range(2)}


def test_cut_after_every_event_and_resumed_the_bytes_are_the_stored_ones(http: httpx.Client) -> None:
    job = http.post("/v1/jobs", json=JOB).json()
    texts: dict[int, str] = {}
    last_id: str | None = None
    connections = 0
    while True:
        with events(http, job["links"]["events"], last_id) as stream:
            block = next(stream, None)
        if block is None:
            break
        connections += 1
        last_id = block["id"]
        applied(texts, block)
    assert connections == 1 + 2 * 9 + 1
    for n, text in texts.items():
        assert text.encode() == http.get(f"{job['links']['self']}/outputs/{n}").content


def test_resumed_by_the_query_as_by_the_header(http: httpx.Client) -> None:
    job = http.post("/v1/jobs", json=JOB, headers={"Prefer": "wait=10"}).json()
    with events(http, f"{job['links']['events']}?last_event_id=1-4") as stream:
        assert next(stream)["id"] == "1-5"


def test_with_its_stream_lost_a_finished_job_is_told_from_the_database(
    http: httpx.Client, stack: MiniStack
) -> None:
    job = http.post("/v1/jobs", json=JOB, headers={"Prefer": "wait=10"}).json()
    stack.events.erase(job["id"])
    texts = {0: "half of", 1: "something"}
    with events(http, job["links"]["events"], "1-4") as stream:
        assert [applied(texts, block) for block in stream] == ["reset", "delta", "delta", "end"]
    assert texts == {output["n"]: output["text"] for output in job["outputs"]}


def test_after_the_end_there_is_nothing_more(http: httpx.Client) -> None:
    job = http.post("/v1/jobs", json=JOB, headers={"Prefer": "wait=10"}).json()
    with events(http, job["links"]["events"]) as stream:
        last_id = [block["id"] for block in stream][-1]
    response = http.get(job["links"]["events"], headers={"Last-Event-ID": last_id})
    assert (response.status_code, response.content) == (204, b"")


def test_the_head_of_a_stream_comes_at_once_and_says_how_to_treat_it() -> None:
    with MiniStack(worker=False) as stack, httpx.Client(base_url=stack.url, headers=stack.auth) as http:
        job = http.post("/v1/jobs", json=JOB).json()
        with http.stream("GET", job["links"]["events"]) as response:
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["X-Accel-Buffering"] == "no"
            assert next(response.iter_lines()) == "retry: 1000"


def test_streams_are_bounded_and_a_place_comes_back(tmp_path: Path) -> None:
    front = Front(tmp_path, streams_per_process=2)
    path = f"/v1/jobs/{front.post().json['id']}/events"
    open_streams = [front.call("GET", path) for _ in range(2)]
    refused = front.call("GET", path)
    problem(refused, 503, "too_many_streams")
    assert int(refused.headers["Retry-After"]) >= 1
    front.parts.follower.stop()
    for stream in open_streams:
        stream.close()
    assert front.call("GET", path).status_code == 200


@pytest.mark.parametrize("last_id", ["x", "1-x", "1", "-1", "1-end-1"])
def test_a_last_id_that_is_none_is_422_and_holds_no_place(tmp_path: Path, last_id: str) -> None:
    front = Front(tmp_path, streams_per_process=1)
    path = f"/v1/jobs/{front.post().json['id']}/events"
    for _ in range(2):
        response = front.call("GET", path, headers={"Last-Event-ID": last_id})
        problem(response, 422, "input_invalid", "header.Last-Event-ID")
        problem(front.call("GET", f"/v1/jobs/{new_id('job')}/events"), 404, "job_unknown")
