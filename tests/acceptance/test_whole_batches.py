"""Batches through all of it: 100,000 rows over a socket, kills in the middle, every row once."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.acceptance.press import TEXT_MODEL, Press, press, stored
from tests.acceptance.processes import Process, until

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(180)]

NDJSON = {"Content-Type": "application/x-ndjson"}
MANY = 40_000
GROWTH_MB = 20


def line(n: int, prompt: str = "", **params: Any) -> bytes:
    body = {
        "custom_id": f"row-{n}",
        "model": TEXT_MODEL,
        "input": {"prompt": prompt or f"about article {n}"},
        "params": {"max_tokens": 2, "seed": n, **params},
    }
    return json.dumps(body).encode() + b"\n"


def lines(number: int) -> Iterator[bytes]:
    for page in range(1, number + 1, 200):
        yield b"".join(line(n) for n in range(page, min(page + 200, number + 1)))


def post(whole: Press, body: Any, key: str | None = None, tenant: str = "acme") -> httpx.Response:
    headers = NDJSON | ({"Idempotency-Key": key} if key else {})
    return whole.http(tenant).post("/v1/batches", content=body, headers=headers, timeout=120)


def counts(whole: Press, batch_id: str) -> Counter[str]:
    return Counter(whole.http().get(f"/v1/batches/{batch_id}").json()["counts"])


def finished(whole: Press, batch_id: str, timeout_s: float = 120) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = whole.http().get(f"/v1/batches/{batch_id}").json()
        return found if found["finished_at"] is not None else None

    return until(look, f"{batch_id} is finished; it is {counts(whole, batch_id)}", timeout_s, 0.1) or {}


def results(whole: Press, batch_id: str) -> list[dict[str, Any]]:
    answer = whole.http().get(f"/v1/batches/{batch_id}/results")
    assert answer.status_code == 200, answer.text
    return [json.loads(each) for each in answer.text.splitlines()]


class Memory:
    """The highest resident memory of a process and all that it has started, in MB."""

    def __init__(self, process: Process) -> None:
        parent = psutil.Process(process.pid)
        self._watched = [parent, *parent.children(recursive=True)]
        self.highest = self.now()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory")

    def now(self) -> float:
        return float(sum(process.memory_info().rss for process in self._watched)) / 1e6

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.05):
            self.highest = max(self.highest, self.now())


def test_very_many_rows_take_no_memory_and_nobodys_turn(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    with press(postgres_url, redis_url, tmp_path, fake_step_s=0.02) as whole:
        whole.processes.relay()
        front = whole.front()
        whole.processes.worker()
        assert post(whole, lines(1_000)).status_code == 202
        with Memory(front) as memory:
            before = memory.now()
            answer = post(whole, lines(MANY))
            growth = memory.highest - before
        assert answer.status_code == 202, answer.text
        assert (answer.json()["rows"], answer.json()["refused"]) == (MANY, 0)
        assert growth < GROWTH_MB, f"{growth:.1f} MB"

        batch_id = answer.json()["id"]
        until(lambda: counts(whole, batch_id)["succeeded"] >= 20, "it runs", 60)
        began = time.monotonic()
        other = whole.client("bolt").submit(
            {"model": TEXT_MODEL, "input": {"prompt": "me too"}, "params": {"max_tokens": 2}}
        )
        assert whole.client("bolt").wait(other.id, 30).status == "succeeded"
        assert time.monotonic() - began < 10, "another tenant's job waits for no batch"
        single = whole.post({"model": TEXT_MODEL, "input": {"prompt": "mine"}, "params": {"max_tokens": 2}})
        assert single.status_code == 202, "nor is the own lane full"
        queued = whole.rows("SELECT count(*) FROM job WHERE state = 'queued' AND batch = :id", id=batch_id)
        assert 0 < queued <= 2_000
        now = counts(whole, batch_id)
        assert now.total() == MANY
        assert now["waiting"] > MANY - 20_000

        canceled = whole.http().post(f"/v1/batches/{batch_id}/cancel", timeout=60).json()
        assert canceled["status"] == "canceled"
        ended = Counter(finished(whole, batch_id)["counts"])
        assert ended["succeeded"] + ended["canceled"] == MANY
        assert whole.rows("SELECT count(*) FROM job WHERE batch = :id", id=batch_id) < 20_000


def test_every_row_has_its_own_result(postgres_url: str, redis_url: str, tmp_path: Path) -> None:
    with press(postgres_url, redis_url, tmp_path, fake_step_s=0.001) as whole:
        whole.processes.relay()
        whole.front()
        whole.processes.worker("first")
        whole.processes.worker("second")
        body = [line(n) for n in range(1, 602)]
        body[9], body[99], body[600] = b"{\n", line(100, "<fail>"), b"[]\n"
        batch_id = post(whole, b"".join(body)).json()["id"]
        finished(whole, batch_id)
        assert counts(whole, batch_id) == Counter(succeeded=598, failed=1, refused=2)
        found = results(whole, batch_id)
        assert [each["n"] for each in found] == list(range(1, 602))
        good = [each for each in found if each["status"] == "succeeded"]
        assert all(each["custom_id"] == f"row-{each['n']}" for each in good)
        assert len({each["job"] for each in good}) == 598
        # A row is what a single job of the same seed is, whoever made it.
        for each in good[:: len(good) // 5]:
            single = whole.post(json.loads(body[each["n"] - 1]) | {"custom_id": None}).status_code
            assert single == 422, "a single job has no custom_id"
            twin = json.loads(body[each["n"] - 1])
            del twin["custom_id"]
            job = whole.client().wait(whole.post(twin).json()["id"], 30)
            assert [text.decode() for text in stored(whole.http(), job)] == [
                output["text"] for output in each["outputs"]
            ]
        assert whole.rows("SELECT count(*) FROM job WHERE batch = :id", id=batch_id) == 599
        assert found[99]["error"]["code"] == "generation_failed"


def test_a_front_killed_in_the_middle_of_a_body_leaves_nothing_that_runs(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    with press(postgres_url, redis_url, tmp_path, batch_receive_s=1.0, fake_step_s=0.001) as whole:
        whole.processes.relay()
        front = whole.front()
        whole.processes.worker()
        connection = half_sent(whole, 2_000, key="feed-7")
        until(lambda: whole.rows("SELECT count(*) FROM batch_row") >= 1_000, "rows come in")
        front.kill()
        connection.close()
        # The same key begins anew: the half is never run, and is removed.
        whole.front()
        answer = post(whole, lines(300), key="feed-7")
        assert (answer.status_code, answer.json()["rows"]) == (202, 300)
        done = finished(whole, answer.json()["id"])
        assert Counter(done["counts"]) == Counter(succeeded=300)
        until(lambda: whole.rows("SELECT count(*) FROM batch_row") == 300, "the half is removed")
        assert whole.rows("SELECT count(*) FROM batch") == 1
        assert whole.rows("SELECT count(*) FROM job") == 300


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_goes_away_in_the_middle_leaves_nothing(fake_press: Press, chunked: bool) -> None:
    """A cut is no end: with a length and without one, what came is thrown away."""
    connection = half_sent(fake_press, 600, chunked=chunked)
    until(lambda: fake_press.rows("SELECT count(*) FROM batch_row") >= 250, "rows come in")
    connection.close()
    until(lambda: fake_press.rows("SELECT count(*) FROM batch") == 0, "it is given up and removed")
    assert fake_press.rows("SELECT count(*) FROM batch_row") == 0
    assert fake_press.rows("SELECT count(*) FROM job") == 0


def test_relays_killed_while_they_let_rows_in_lose_and_double_none(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    rows = 600
    # A small queue, so that letting in goes on as long as the workers are at it. All relays are there before
    # the batch, so that they meet, and so that no kill waits for a start while the rows run out.
    with press(
        postgres_url, redis_url, tmp_path, fake_step_s=0.05, sweep_s=0.05, max_queued_lane=100
    ) as whole:
        whole.front()
        whole.processes.worker("first")
        whole.processes.worker("second")
        relays = [whole.processes.relay(f"relay-{n}") for n in range(4)]
        batch_id = post(whole, lines(rows)).json()["id"]
        for relay in relays:
            _let_in_more(whole, batch_id, counts(whole, batch_id)["waiting"])
            relay.kill()
        assert counts(whole, batch_id)["waiting"] > 0, "each was killed while rows were let in"
        whole.processes.relay("last")
        finished(whole, batch_id)
        found = results(whole, batch_id)
        assert [each["n"] for each in found] == list(range(1, rows + 1))
        assert {each["status"] for each in found} == {"succeeded"}
        assert whole.rows("SELECT count(*) FROM job") == rows
        assert whole.rows("SELECT count(DISTINCT batch_row) FROM job") == rows


def _let_in_more(whole: Press, batch_id: str, before: int) -> None:
    """Wait until fewer rows wait than ``before``."""

    def look() -> bool:
        return counts(whole, batch_id)["waiting"] < before

    until(look, "rows are let in", every_s=0.003)


def half_sent(whole: Press, rows: int, *, key: str = "", chunked: bool = False) -> http.client.HTTPConnection:
    """A connection on which rows were sent and more are to come."""
    connection = http.client.HTTPConnection(whole.url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/v1/batches")
    connection.putheader("Authorization", f"Bearer {whole.key()}")
    connection.putheader("Content-Type", NDJSON["Content-Type"])
    if key:
        connection.putheader("Idempotency-Key", key)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(10_000_000))
    connection.endheaders()
    for chunk in lines(rows):
        connection.send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
    return connection
