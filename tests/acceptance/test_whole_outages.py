"""The database or Redis dies and comes back: clients get clear answers, and nothing accepted is lost."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import httpx
import pytest
from tests.acceptance.conftest import OwnPostgres
from tests.acceptance.press import Press, events_of, press, stored, text_body, told, typed
from tests.acceptance.processes import until
from tests.services.valkey import Valkey

pytestmark = [pytest.mark.redis, pytest.mark.timeout(90)]


@pytest.fixture
def on_postgres(own_postgres: OwnPostgres, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    """A front and a text worker on a PostgreSQL that may be killed."""
    with press(own_postgres.url, redis_url, tmp_path, lease_s=10.0) as made:
        made.processes.worker()
        made.front()
        yield made


@pytest.fixture
def on_valkey(sqlite_url: str, valkey: Valkey, tmp_path: Path) -> Iterator[Press]:
    """A front, a relay and a text worker on a Valkey that may be killed."""
    with press(sqlite_url, valkey.url, tmp_path) as made:
        made.processes.worker()
        made.processes.relay()
        made.front()
        yield made


@pytest.mark.postgres
def test_without_a_database_a_post_is_refused_and_its_key_tells_later(
    on_postgres: Press, own_postgres: OwnPostgres
) -> None:
    http, body = on_postgres.http(), text_body(max_tokens=4)
    before = on_postgres.post(body, idempotency_key="before").json()["id"]
    on_postgres.client().wait(before, 30)
    text = stored(http, before)
    until(lambda: on_postgres.room.cache.get("acme", before), "the cache has it")

    own_postgres.kill()
    refused = on_postgres.post(body, idempotency_key="during")
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "database_unavailable"
    assert int(refused.headers["Retry-After"]) >= 1
    # What has ended is told from Redis, and whose it is was known.
    assert http.get(f"/v1/jobs/{before}").json()["status"] == "succeeded"
    assert http.get(f"/v1/jobs/{before}/outputs/0").content == text[0]
    for path in ("/v1/jobs", f"/v1/jobs/job_{'0' * 32}", f"/v1/jobs/{before}/events"):
        answer = http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), path
    ready = http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["database"].startswith("database_unavailable")
    assert ready.json()["redis"] == "ok"
    assert http.get("/healthz").status_code == 200

    own_postgres.start()
    until(lambda: http.get("/readyz").status_code == 200, "all is there again")
    sent = [on_postgres.post(body, idempotency_key="during") for _ in range(2)]
    assert len({answer.json()["id"] for answer in sent}) == 1
    assert on_postgres.post(body, idempotency_key="before").json()["id"] == before
    assert on_postgres.rows("SELECT count(*) FROM job") == 2
    assert on_postgres.client().wait(sent[0].json()["id"], 30).status == "succeeded"
    assert on_postgres.processes.tracebacks() == []


@pytest.mark.postgres
def test_posts_in_flight_when_the_database_dies_make_one_job_each(
    on_postgres: Press, own_postgres: OwnPostgres
) -> None:
    """Whatever was answered, the key tells whether it was accepted, and sent again it makes no second."""
    count = 60
    http = on_postgres.http()
    answers: dict[int, httpx.Response] = {}

    def post(number: int) -> None:
        answers[number] = on_postgres.post(
            text_body(f"Number {number}", max_tokens=2), idempotency_key=str(number)
        )

    with ThreadPoolExecutor(8) as at_once:
        posted = [at_once.submit(post, number) for number in range(count)]
        until(lambda: len(answers) >= 10, "some are accepted")
        own_postgres.kill()
        for one in posted:
            one.result(60)
    own_postgres.start()
    until(lambda: http.get("/readyz").status_code == 200, "all is there again")
    statuses = {answer.status_code for answer in answers.values()}
    assert statuses == {202, 503}, "the test is about both"
    again = {
        number: on_postgres.post(text_body(f"Number {number}", max_tokens=2), idempotency_key=str(number))
        for number in range(count)
    }

    ids = {number: answer.json()["id"] for number, answer in again.items()}
    assert len(set(ids.values())) == count
    assert on_postgres.rows("SELECT count(*) FROM job") == count
    for number, answer in answers.items():
        if answer.status_code == 202:
            assert answer.json()["id"] == ids[number], "what was accepted was kept"
        else:
            assert answer.json()["code"] == "database_unavailable"
    until(
        lambda: on_postgres.rows("SELECT count(*) FROM job WHERE state = 'succeeded'") == count,
        "all are done",
    )
    assert on_postgres.rows("SELECT count(*) FROM output") == count


def test_a_post_whose_answer_was_lost_made_one_job(fake_press: Press) -> None:
    """The client hangs up before the answer, and sends it again."""
    http = fake_press.http()
    request = http.build_request(
        "POST", "/v1/jobs", json=text_body(max_tokens=4), headers={"Idempotency-Key": "order-7"}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
        connection.sendall(f"POST /v1/jobs HTTP/1.1\r\n{head}\r\n".encode() + request.read())
    until(lambda: fake_press.rows("SELECT count(*) FROM job") == 1, "it was accepted")

    again = http.post("/v1/jobs", json=text_body(max_tokens=4), headers={"Idempotency-Key": "order-7"})

    assert again.status_code in (200, 202)
    assert fake_press.rows("SELECT count(*) FROM job") == 1
    assert fake_press.client().wait(again.json()["id"], 30).status == "succeeded"
    assert fake_press.results(again.json()["id"]) == 1


def test_without_redis_jobs_are_accepted_run_and_fetched(on_valkey: Press, valkey: Valkey) -> None:
    http, client = on_valkey.http(), on_valkey.client()
    before = on_valkey.post_text(max_tokens=200)
    with ThreadPoolExecutor(1) as beside:
        following = beside.submit(lambda: told(client.events(before, timeout_s=30)))
        until(lambda: client.job(before).status == "running", "it runs")

        valkey.kill()
        began = monotonic()
        during = on_valkey.post_text(max_tokens=4)
        assert monotonic() - began < 3
        done = client.wait(during, 30)
        assert done.status == "succeeded"
        texts = stored(http, during)
        assert told(map(typed, events_of(on_valkey.bytes_of(during, None)))) == texts
        assert following.result(30) == stored(http, before)
        ready = http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["status"] == "not_ready"
        assert ready.json()["redis"].startswith("redis_unavailable")
        assert [ready.json()[part] for part in ("database", "artifacts", "schema")] == ["ok"] * 3
        assert http.get("/healthz").status_code == 200

    valkey.start()
    until(lambda: http.get("/readyz").status_code == 200, "all is there again")
    after = on_valkey.post_text(max_tokens=20)
    heard = [typed(sent) for sent in on_valkey.connection(after, None)]
    assert told(heard) == stored(http, after)
    assert len(heard) > 10, "it was told as it came"
    assert stored(http, during) == texts
    assert on_valkey.processes.tracebacks() == []


def test_what_was_accepted_without_redis_and_without_a_worker_runs_when_they_are_back(
    sqlite_url: str, valkey: Valkey, tmp_path: Path
) -> None:
    with press(sqlite_url, valkey.url, tmp_path, poll_s=3_600) as whole:
        whole.front()
        valkey.kill()
        job_id = whole.post_text(max_tokens=4)
        told_now = whole.http().get(f"/v1/jobs/{job_id}").json()
        assert told_now["status"] == "queued"
        assert told_now["blocked_reason"]

        valkey.start()
        whole.processes.relay()
        whole.processes.worker()
        assert whole.client().wait(job_id, 30).status == "succeeded"
        assert len(stored(whole.http(), job_id)) == 1
