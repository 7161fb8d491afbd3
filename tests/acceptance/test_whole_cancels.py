"""A cancel frees the engine at its next step; who goes away cancels only if he asked for that."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tests.acceptance.press import Press, press, text_body, typed
from tests.acceptance.processes import until

from pressroom.bootstrap.stores import open_key_store
from pressroom.contract.jobs import JobView
from pressroom.domain.scopes import Scope
from pressroom.engines.fake.words import words
from pressroom.jobs.keys import Keyring

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]

STEP_S = 0.02
# A heartbeat is this far apart: what is faster was not heard with one.
POLL_S = 5.0


# The databases' part is in the suite of the stores: here one of them is enough.
@pytest.fixture
def whole(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    with press(
        sqlite_url, redis_url, tmp_path, fake_step_s=STEP_S, poll_s=POLL_S, lease_s=20.0, text_slots=8
    ) as made:
        made.front()
        yield made


def _running(whole: Press, **params: Any) -> str:
    job_id = whole.post_text(**{"max_tokens": 2_000, **params})
    until(lambda: _started(whole, job_id), "it runs")
    return job_id


def _started(whole: Press, job_id: str) -> bool:
    return whole.client().job(job_id).status == "running"


def _ended(whole: Press, job_id: str) -> JobView:
    return whole.client().wait(job_id, 30)


def test_a_running_job_leaves_the_engine_at_once_and_its_mates_stay(whole: Press) -> None:
    whole.processes.worker()
    mates = [whole.post_text(seed=n, max_tokens=60) for n in range(3)]
    latencies = []
    for _ in range(9):
        job_id = _running(whole)
        whole.client().cancel(job_id)
        job = _ended(whole, job_id)
        assert (job.status, job.finish_reason) == ("canceled", "canceled")
        assert job.cancel_latency_ms is not None
        latencies.append(job.cancel_latency_ms)
        # Its own time in the engine, to the step; and the text so far.
        assert 0 < job.usage.engine_seconds < 5
        assert job.outputs[0].text == "".join(words(7, 0, job.usage.tokens_out))
    assert median(latencies) < 500, latencies
    for n, mate in enumerate(mates):
        job = _ended(whole, mate)
        assert job.status == "succeeded"
        assert job.outputs[0].text == "".join(words(n, 0, 60))
        assert job.cancel_latency_ms is None


def test_without_redis_it_is_heard_with_a_heartbeat(sqlite_url: str, tmp_path: Path) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    with press(sqlite_url, nowhere, tmp_path, fake_step_s=STEP_S, poll_s=0.2) as whole:
        whole.front()
        whole.processes.worker()
        job_id = _running(whole)
        whole.client().cancel(job_id)
        assert _ended(whole, job_id).status == "canceled"


def test_an_erased_jobs_slot_is_free_at_once(whole: Press) -> None:
    whole.processes.worker(text_slots="1")
    job_id = _running(whole)
    after = whole.post_text(max_tokens=2)
    whole.client().erase(job_id)
    began = time.monotonic()
    assert _ended(whole, after).status == "succeeded"
    # Claimed by the timer at the latest, and not after the lease of a job that is gone.
    assert time.monotonic() - began < POLL_S + 5


def test_followers_of_a_queued_job_hear_its_cancel_at_once(whole: Press) -> None:
    job_id = whole.post_text()
    stream = whole.connection(job_id, None)
    began = time.monotonic()
    whole.client().cancel(job_id)
    events = [typed(sent) for sent in stream]
    assert time.monotonic() - began < 1.5, "not by the look every two seconds"
    assert [event.event.type for event in events] == ["end"]
    assert whole.client().job(job_id).cancel_latency_ms == 0


class Caller:
    """A request on a bare socket, so that it can be cut as a client's machine is."""

    def __init__(self, whole: Press, method: str, path: str, body: bytes = b"", *lines: str) -> None:
        host, _, port = whole.url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=30)
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: {host}",
            f"Authorization: Bearer {whole.key()}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *lines,
        ]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode() + body)

    def read(self, size: int = 1) -> bytes:
        return self._socket.recv(size)

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def _follow(whole: Press, job_id: str, query: str) -> Caller:
    caller = Caller(whole, "GET", f"/v1/jobs/{job_id}/events{query}")
    assert caller.read() == b"H"
    return caller


def _wait(whole: Press, query: str, worker: bool) -> tuple[str, Caller]:
    """A post that waits, and its job."""
    body = json.dumps(text_body(max_tokens=2_000)).encode()
    before = whole.rows("SELECT count(*) FROM job")
    caller = Caller(whole, "POST", f"/v1/jobs{query}", body, "Prefer: wait=30")
    until(lambda: whole.rows("SELECT count(*) FROM job") > before, "it is accepted")
    (job,) = whole.http().get("/v1/jobs", params={"limit": 1}).json()["items"]
    if worker:
        until(lambda: _started(whole, job["id"]), "it runs")
    return job["id"], caller


@pytest.mark.parametrize("worker", [False, True], ids=["queued", "running"])
def test_who_asked_for_it_cancels_by_going_away(whole: Press, worker: bool) -> None:
    if worker:
        whole.processes.worker()
    for how in ("close", "reset"):
        waiting, caller = _wait(whole, "?on_disconnect=cancel", worker)
        followed = _running(whole) if worker else whole.post_text()
        follower = _follow(whole, followed, "?on_disconnect=cancel")
        getattr(caller, how)()
        getattr(follower, how)()
        began = time.monotonic()
        assert _ended(whole, waiting).status == "canceled"
        assert _ended(whole, followed).status == "canceled"
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("how", ["close", "reset"])
def test_who_did_not_ask_for_it_may_go_away(whole: Press, how: str) -> None:
    whole.processes.worker()
    waiting, caller = _wait(whole, "", True)
    followed = _running(whole)
    stranger = _follow(whole, followed, "")
    asked = _running(whole)
    canary = _follow(whole, asked, "?on_disconnect=cancel")
    for each in (caller, stranger, canary):
        getattr(each, how)()
    # Whoever asked for it in the same moment has it: the others had their time.
    assert _ended(whole, asked).status == "canceled"
    time.sleep(1.0)
    for job_id in (waiting, followed):
        assert not whole.client().job(job_id).cancel_requested
        whole.client().cancel(job_id)


def test_a_front_that_stops_cancels_nothing(whole: Press) -> None:
    whole.processes.worker()
    front = whole.processes.named("front")
    job_id, caller = _wait(whole, "?on_disconnect=cancel", True)
    followed = _running(whole)
    follower = _follow(whole, followed, "?on_disconnect=cancel")
    front.terminate()
    assert front.exit_status() == 0
    whole.front()
    for each in (job_id, followed):
        view = whole.client().job(each)
        assert (view.status, view.cancel_requested) == ("running", False)
        whole.client().cancel(each)
    caller.close()
    follower.close()


def test_a_read_only_key_cannot_cancel_by_going_away(whole: Press) -> None:
    keyring = Keyring(open_key_store(whole.room.settings, whole.room.database))
    reader = keyring.issue("acme", scopes=frozenset({Scope.READ})).token
    job_id = whole.post_text()
    answer = whole.http().get(
        f"/v1/jobs/{job_id}/events",
        params={"on_disconnect": "cancel"},
        headers={"Authorization": f"Bearer {reader}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    refused = whole.http().get(f"/v1/jobs/{job_id}/events", params={"on_disconnect": "perhaps"})
    assert refused.status_code == 422
