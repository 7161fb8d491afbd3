"""One job through all of it: it survives its worker, belongs to its tenant, and is erased for good."""

import io
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from openapi_spec_validator import OpenAPIV31SpecValidator
from PIL import Image
from sqlalchemy import text
from tests.acceptance.press import Press, image_body, press, stored, text_body, told
from tests.acceptance.processes import until

from pressroom.contract.events import EventEnvelope, Reset

pytestmark = [pytest.mark.redis, pytest.mark.timeout(90)]

MARK = "Zwiebelkuchen-4711"


@pytest.fixture
def both_pools(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    """On either database: a front, a relay, a text worker and an image worker with the fake engine."""
    with press(database_url, redis_url, tmp_path) as made:
        made.processes.relay()
        made.front()
        made.processes.worker("text")
        made.processes.worker("image", pool="image")
        yield made


def test_a_killed_workers_job_succeeds_once_and_its_follower_starts_over(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with press(database_url, redis_url, tmp_path) as whole:
        whole.processes.relay()
        whole.front()
        first = whole.processes.worker("first")
        job_id = whole.post_text(max_tokens=200, n=2, logprobs=0)
        client = whole.client()
        heard: list[EventEnvelope] = []

        def follow() -> None:
            for envelope in client.events(job_id, timeout_s=60):
                heard.append(envelope)

        with ThreadPoolExecutor(1) as beside:
            following = beside.submit(follow)
            # Who has heard nothing of the first attempt has nothing to start over with.
            until(lambda: any(one.event.type == "delta" for one in list(heard)), "it has heard something")
            first.kill()
            whole.processes.worker("second")
            done = client.wait(job_id, 60)
            following.result(30)

        assert (done.status, done.attempt) == ("succeeded", 2)
        texts = stored(whole.http(), job_id)
        assert len(texts) == whole.results(job_id) == 2
        assert whole.rows("SELECT count(*) FROM job WHERE state = 'succeeded'") == 1
        assert told(heard) == texts
        for output, written in zip(done.outputs, texts, strict=True):
            assert "".join(chance.token for chance in output.logprobs or ()) == written.decode()
        resets = [envelope.event for envelope in heard if isinstance(envelope.event, Reset)]
        assert [(reset.attempt, reset.reason) for reset in resets] == [(2, "new_attempt")]
        assert [envelope.event.type for envelope in heard].count("end") == 1


def test_another_tenants_job_is_unknown_everywhere(both_pools: Press, redis_url: str) -> None:
    owner, other = both_pools.http("acme"), both_pools.http("bolt")
    client = both_pools.client("acme")
    cached = both_pools.post(image_body()).json()["id"]
    stored_only = both_pools.post_text(max_tokens=4)
    client.wait(stored_only, 30)
    client.wait(cached, 30)
    with redis.Redis.from_url(redis_url) as server:
        server.delete(f"pressroom:result:{stored_only}")
        assert server.exists(f"pressroom:result:{cached}"), "the test is about a cached job too"
    running = both_pools.post_text(max_tokens=2_000)
    blocked = both_pools.post_text(max_tokens=2_000, prompt="<stall>")

    for job_id in (cached, stored_only, running, blocked):
        for method, path in (
            ("GET", ""),
            ("HEAD", ""),
            ("GET", "/events"),
            ("GET", "/outputs/0"),
            ("HEAD", "/outputs/0"),
            ("GET", "/outputs/1"),
            ("POST", "/cancel"),
            ("DELETE", ""),
        ):
            answer = other.request(method, f"/v1/jobs/{job_id}{path}")
            assert answer.status_code == 404, (method, path)
            if method != "HEAD":
                assert answer.json()["code"] == "job_unknown", (method, path)
                unknown = other.request(method, f"/v1/jobs/job_{'0' * 32}{path}").json()
                assert _without_id(answer.json()) == _without_id(unknown), "it does not tell them apart"
    assert other.get("/v1/jobs").json()["items"] == []

    assert owner.get(f"/v1/jobs/{cached}/outputs/0").content.startswith(b"\x89PNG")
    assert owner.get(f"/v1/jobs/{stored_only}").json()["status"] == "succeeded"
    assert owner.get(f"/v1/jobs/{running}").json()["cancel_requested"] is False
    assert {job["id"] for job in owner.get("/v1/jobs").json()["items"]} == {
        cached,
        stored_only,
        running,
        blocked,
    }
    owner.post(f"/v1/jobs/{blocked}/cancel")


def test_the_same_idempotency_key_of_two_tenants_names_two_jobs(fake_press: Press) -> None:
    ids = {
        fake_press.post(text_body(max_tokens=4), tenant, idempotency_key="order-7").json()["id"]
        for tenant in ("acme", "bolt", "acme")
    }
    assert len(ids) == 2


def test_an_erased_job_leaves_no_word_anywhere(both_pools: Press, redis_url: str, tmp_path: Path) -> None:
    client, http = both_pools.client(), both_pools.http()
    body = text_body(f"Write about {MARK}.", max_tokens=12, stop=[MARK]) | {"metadata": {MARK: MARK}}
    ended = [
        both_pools.post(body, idempotency_key="order-7").json()["id"],
        both_pools.post(image_body(n=2) | {"metadata": {"sku": MARK}}).json()["id"],
    ]
    outputs = [content for job_id in ended for content in _contents(both_pools, job_id)]
    running = both_pools.post(
        text_body(f"Write much about {MARK}.", max_tokens=2_000) | {"metadata": {"sku": MARK}}
    ).json()["id"]
    until(lambda: client.job(running).status == "running", "it runs")
    until(lambda: both_pools.room.events.read({running: (0, 3)}, 0.05), "it is told of")
    kept = both_pools.post_text("A mug.", max_tokens=4)
    client.wait(kept, 30)
    traces = [MARK.encode(), *outputs]
    assert _found(both_pools, redis_url, traces, tmp_path), "the search finds what is there"

    for job_id in (*ended, running):
        assert http.delete(f"/v1/jobs/{job_id}").status_code == 204

    # What was on its way in the worker comes too late.
    both_pools.processes.named("text").wait_for_line(running)
    assert _found(both_pools, redis_url, traces, tmp_path) == []
    until(lambda: both_pools.rows("SELECT count(*) FROM erasure") == 0, "the relay has seen to the rest")
    assert _found(both_pools, redis_url, traces, tmp_path) == []
    for job_id in (*ended, running):
        for path in ("", "/events", "/outputs/0"):
            assert http.get(f"/v1/jobs/{job_id}{path}").status_code == 410
    assert both_pools.post(body, idempotency_key="order-7").status_code == 410
    assert client.job(kept).status == "succeeded"


def test_the_served_document_is_valid_and_each_call_in_it_answers(fake_press: Press) -> None:
    http = fake_press.http()
    document = http.get("/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    things = {"n": "0", "job_id": fake_press.post_text(max_tokens=4)}
    fake_press.client().wait(things["job_id"], 30)
    canceled = fake_press.post_text()
    fake_press.client().cancel(canceled)
    fake_press.client().wait(canceled, 30)
    row = {"Content-Type": "application/x-ndjson"}
    hook = {"url": "https://hooks.example.com/in"}
    # In this order: what one makes the next ones name, and those that remove come last.
    calls: dict[str, dict[str, Any]] = {
        "postJob": {"json": text_body(max_tokens=4)},
        "listJobs": {},
        "getJob": {},
        "followJob": {},
        "getOutput": {},
        "getArchive": {},
        "cancelJob": {},
        "requeueJob": {},
        "postBatch": {"content": json.dumps(text_body(max_tokens=4)), "headers": row},
        "listBatches": {},
        "getBatch": {},
        "listBatchRows": {},
        "getBatchResults": {},
        "retryBatch": {},
        "cancelBatch": {},
        "postUpload": {"content": _png(), "headers": {"Content-Type": "image/png"}},
        "getUpload": {},
        "getUploadContent": {},
        "createWebhook": {"json": hook},
        "listWebhooks": {},
        "getWebhook": {},
        "changeWebhook": {"json": {"description": "ours"}},
        "rotateWebhookSecret": {},
        "testWebhook": {},
        "listWebhookDeliveries": {},
        "listDeliveries": {},
        "getDelivery": {},
        "replayDelivery": {},
        "getWebhookSecret": {},
        "rotateWebhookSecretOfJobs": {},
        "postFeedback": {"json": {"rating": 4}},
        "listJobFeedback": {},
        "listFeedback": {},
        "listModels": {},
        "setBudget": {"json": {"tokens": 1_000}},
        "getBudget": {},
        "listBudgets": {},
        "setWordList": {"json": {"category": "competitors", "words": ["Globex"]}},
        "getWordList": {},
        "listWordLists": {},
        "setTemplate": {
            "json": {
                "channel": "seo_title",
                "locale": "en",
                "what": "slogan",
                "body": "{{title}} [[what it is for]]",
                "variables": [{"name": "title"}],
            }
        },
        "getTemplate": {},
        "listTemplates": {},
        "setVoice": {"json": {"locale": "en", "tone": "warm"}},
        "getVoice": {},
        "listVoices": {},
        "postFeed": {
            "files": {"feed": ("feed.csv", b"id,title\n1,Lamp\n")},
            "data": {"plan": json.dumps({"outputs": [{"template": "seo-title"}]})},
        },
        "getFeed": {},
        "listPieces": {},
        "decidePieces": {"json": {"decision": "approved", "all_ready": True}},
        "exportFeed": {},
        "getUsage": {},
        "listPrices": {},
        "createKey": {"json": {"tenant": "acme"}},
        "limitKey": {"json": {"concurrency": 3}},
        "rotateKey": {"json": {"overlap_s": 60}},
        "listKeys": {},
        "listTenants": {},
        "keepFor": {"json": {"results_s": 3_600}},
        "weighTenant": {"json": {"weight": 2.0}},
        "setPrice": {"json": {"picture": "0.1"}},
        "listAllPrices": {},
        "getUsageOfAll": {},
        "getHealth": {},
        "getReadiness": {},
        "removeWebhook": {},
        "eraseUpload": {},
        "eraseBatch": {},
        "eraseJob": {},
        "removeBudget": {},
        "removeWordList": {},
        "removeTemplate": {},
        "removeVoice": {},
        "removePrice": {},
        "revokeKey": {},
    }
    makers = {
        "postBatch": "batch_id",
        "postUpload": "upload_id",
        "postFeed": "feed_id",
        "createWebhook": "webhook_id",
        "testWebhook": "delivery_id",
        "createKey": "key_id",
    }
    things |= {
        "campaign": "spring",
        "word_list": "rivals",
        "template": "slogan",
        "voice": "house",
        "tenant": "acme",
        "pool": "text",
        "model": "writer",
    }
    operator = {"Authorization": f"Bearer {fake_press.admin_key()}"}
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(operations) == set(calls)

    for name, content in calls.items():
        method, path, operation = operations[name]
        named = things | {"job_id": canceled} if name == "requeueJob" else things
        if path.startswith("/v1/admin/"):
            content["headers"] = operator
        answer = http.request(method, path.format(**named), **content)
        assert answer.status_code < 300, (name, answer.text)
        documented = operation["responses"][str(answer.status_code)]
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        assert not documented.get("content") or media_type in documented["content"], name
        assert answer.headers["X-Request-Id"]
        if name in makers:
            things[makers[name]] = answer.json()["id"]


def _png() -> bytes:
    made = io.BytesIO()
    Image.new("L", (6, 4)).save(made, "PNG")
    return made.getvalue()


def _contents(whole: Press, job_id: str) -> list[bytes]:
    done = whole.client().wait(job_id, 30)
    assert done.status == "succeeded"
    return [whole.client().output(done, output.n) for output in done.outputs]


def _found(whole: Press, redis_url: str, traces: list[bytes], folder: Path) -> list[str]:
    """Where any of the traces is: a column of a table, a file, a key of Redis, a process's log."""
    places = {
        **_columns(whole),
        **_files(folder),
        **_redis_values(redis_url),
        "logs": whole.processes.said().encode(),
    }
    if whole.room.database.sqlite:
        places |= _pages(Path(str(whole.room.database.engine.url.database)))
    return sorted(name for name, content in places.items() if any(trace in content for trace in traces))


def _columns(whole: Press) -> dict[str, bytes]:
    with whole.room.database.engine.connect() as connection:
        schema = "main" if whole.room.database.sqlite else "public"
        tables = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if whole.room.database.sqlite
            else f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"
        )
        return {
            f"table {name}": b"\n".join(_bytes(value) for row in rows for value in row)
            for name in connection.scalars(text(tables)).all()
            if (rows := connection.execute(text(f'SELECT * FROM "{name}"')).all())
        }


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _pages(file: Path) -> dict[str, bytes]:
    """The database's file as it lies on the disk, once the log has been written back."""
    connection = sqlite3.connect(file, timeout=10)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    return {f"pages {name.name}": name.read_bytes() for name in file.parent.iterdir()}


def _files(folder: Path) -> dict[str, bytes]:
    return {f"file {name}": name.read_bytes() for name in folder.rglob("*") if name.is_file()}


def _redis_values(url: str) -> dict[str, bytes]:
    readers: dict[bytes, tuple[Any, ...]] = {
        b"string": ("GET",),
        b"list": ("LRANGE", 0, -1),
        b"set": ("SMEMBERS",),
        b"hash": ("HGETALL",),
        b"zset": ("ZRANGE", 0, -1),
        b"stream": ("XRANGE", "-", "+"),
    }
    with redis.Redis.from_url(url) as client:
        found: dict[str, bytes] = {}
        for key in client.scan_iter():
            command, *rest = readers[client.type(key)]
            found[f"redis {key!r}"] = key + repr(client.execute_command(command, key, *rest)).encode()
        return found


def _without_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "request_id"}
