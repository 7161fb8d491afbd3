"""The API's promises, one by one, over memory adapters: what is taken, what is refused and how."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.catalogs import LABELS
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem
from tests.support.mini_worker import picture_of, words_of

from pressroom.contract.jobs import JobPage, JobView, ModelList
from pressroom.domain.ids import new_id


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    made = Front(tmp_path)
    yield made
    made.parts.follower.stop()


def prompt(text: Any) -> dict[str, Any]:
    return {**TEXT_JOB, "input": {"prompt": text}}


# -- post ------------------------------------------------------------------------------------------


def test_a_job_is_accepted_with_its_address(front: Front) -> None:
    response = front.post({**TEXT_JOB, "metadata": {"sku": "é"}})
    assert response.status_code == 202
    job = JobView.model_validate_json(response.data)
    assert response.headers["Location"] == f"/v1/jobs/{job.id}" == job.links.self_
    assert (job.status, job.metadata, job.seed) == ("queued", {"sku": "é"}, 7)
    assert job.queue_position == 1
    assert "Preference-Applied" not in response.headers


def test_a_job_that_no_worker_can_run_says_so(front: Front) -> None:
    assert "No live worker" in front.post().json["blocked_reason"]
    front.worker.announce()
    assert front.post().json["blocked_reason"] is None


def test_the_resolved_job_shows_everything_that_made_it(front: Front) -> None:
    job = front.done({**TEXT_JOB, "params": {"seed": 7, "max_tokens": 3}})
    text = "".join(words_of(7, 3))
    assert [output["text"] for output in job["outputs"]] == [text]
    assert (job["status"], job["finish_reason"], job["attempt"]) == ("succeeded", "stop", 1)
    assert job["usage"]["tokens_out"] == 3
    assert job["params"]["max_tokens"] == 3
    assert job["model"] == {"name": "writer", "version": "1", "sha256": "a" * 64}
    assert all(job["timings"].values())
    assert job["expires_at"] > job["timings"]["finished_at"]
    assert job["queue_position"] is None


def test_wait_gives_the_finished_job(front: Front) -> None:
    worker = threading.Thread(target=lambda: [None for _ in iter(front.worker.turn, True)])
    worker.start()
    response = front.post(headers={"Prefer": "respond-async, wait=30"})
    worker.join()
    assert response.status_code == 200
    assert response.json["status"] == "succeeded"
    assert response.headers["Preference-Applied"] == "wait=30"
    assert response.headers["Location"] == f"/v1/jobs/{response.json['id']}"


def test_a_wait_that_lapses_is_an_accepted_job(tmp_path: Path) -> None:
    front = Front(tmp_path, max_wait_s=1)
    response = front.post(headers={"Prefer": "wait=600"})
    assert response.status_code == 202
    assert response.headers["Preference-Applied"] == "wait=1"
    assert response.headers["Location"]


@pytest.mark.parametrize(
    "prefer", ["wait", "wait=", "wait=x", "wait=-1", "wait=0", "wait=1.5", "", "await=5"]
)
def test_a_preference_that_says_nothing_is_passed_over(front: Front, prefer: str) -> None:
    response = front.post(headers={"Prefer": prefer})
    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers


def test_where_no_place_to_wait_is_left_the_job_is_accepted_all_the_same(tmp_path: Path) -> None:
    front = Front(tmp_path, streams_per_process=1)
    job_id = front.post().json["id"]
    stream = front.call("GET", f"/v1/jobs/{job_id}/events")
    response = front.post(headers={"Prefer": "wait=30"})
    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers
    front.parts.follower.stop()
    stream.close()


def test_the_same_key_and_body_give_the_same_job(front: Front) -> None:
    key = {"Idempotency-Key": "order-1"}
    first, again = front.post(headers=key), front.post(headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["id"] == again.json["id"]
    front.worker.turn()
    assert front.post(headers=key).status_code == 200


# -- bad input gets a clear answer --------------------------------------------------------------------


def test_an_unknown_model_is_404_and_the_known_ones_are_named(front: Front) -> None:
    body = problem(front.post({"model": "nobody", "input": {"prompt": "a"}}), 404, "model_unknown", "model")
    assert "painter" in body["detail"]
    assert "writer" in body["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"input": {"prompt": "a", "colour": "red"}}, "input.colour"),
        ({"input": {"messages": [{"role": "user", "content": "a", "name": "b"}]}}, "input.messages.0.name"),
        ({"params": {"colour": "red"}}, "params.colour"),
    ],
)
def test_an_unknown_field_is_named(front: Front, change: dict[str, Any], field: str) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": 3}, "model"),
        ({"model": None}, "model"),
        ({"model": ["writer"]}, "model"),
        ({"input": "a"}, "input"),
        ({"input": {"prompt": 3}}, "input.prompt"),
        ({"input": {"messages": "a"}}, "input.messages"),
        ({"input": {"messages": {}}}, "input.messages"),
        ({"input": {"messages": [3]}}, "input.messages.0"),
        ({"input": {"messages": [{"role": "robot", "content": "a"}]}}, "input.messages.0.role"),
        ({"params": []}, "params"),
        ({"params": {"max_tokens": "3"}}, "params.max_tokens"),
        ({"params": {"max_tokens": True}}, "params.max_tokens"),
        ({"params": {"temperature": "hot"}}, "params.temperature"),
        ({"priority": "5"}, "priority"),
        ({"priority": 5.0}, "priority"),
        ({"deadline_s": None}, "deadline_s"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": [1]}, "metadata"),
    ],
)
def test_a_wrong_type_is_named(front: Front, change: dict[str, Any], field: str) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize("missing", ["model", "input"])
def test_a_missing_field_is_named(front: Front, missing: str) -> None:
    problem(front.post({k: v for k, v in TEXT_JOB.items() if k != missing}), 422, "input_invalid", missing)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"params": {"top_p": 1.5}}, "params.top_p"),
        ({"params": {"max_tokens": 0}}, "params.max_tokens"),
        ({"params": {"seed": 2**53}}, "params.seed"),
        ({"params": {"seed": 10**300}}, "params.seed"),
        ({"priority": 10}, "priority"),
        ({"priority": -1}, "priority"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"deadline_s": 10**9}, "deadline_s"),
        ({"result_ttl_s": 59}, "result_ttl_s"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a"),
        ({"input": {"messages": []}}, "input.messages"),
        ({"input": {"messages": [{"role": "user", "content": "a"}] * 65}}, "input.messages"),
        ({"model": "m" * 65}, "model"),
    ],
)
def test_out_of_range_is_named(front: Front, change: dict[str, Any], field: str) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999"])
def test_numbers_that_are_none_are_refused(front: Front, number: str) -> None:
    body = json.dumps(TEXT_JOB).replace('"seed": 7', f'"temperature": {number}')
    problem(front.send(body.encode()), 400, "malformed_json")


@pytest.mark.parametrize("text", ["", " ", "\n\t \r"])
def test_an_empty_prompt_is_refused(front: Front, text: str) -> None:
    problem(front.post(prompt(text)), 422, "input_invalid", "input.prompt")


def test_a_prompt_longer_than_the_context_is_refused_with_both_counts(tmp_path: Path) -> None:
    from tests.support.catalogs import build_tokenizer

    build_tokenizer(tmp_path / "models")
    body = problem(Front(tmp_path).post(prompt("word " * 200)), 422, "prompt_too_long", "input")
    assert "205 tokens" in body["detail"]
    assert "100 in all" in body["detail"]


def test_a_body_over_the_limit_is_413(tmp_path: Path) -> None:
    front = Front(tmp_path, max_body_bytes=2_000)
    problem(front.post(prompt("a" * 3_000)), 413, "body_too_large")
    problem(front.send(b"x" * 3_000, "text/plain"), 413, "body_too_large")
    assert front.post(prompt("a" * 1_000)).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'model': 'writer'}",
        b'{"model": "writer",}',
        b'{"model": "writer"} {}',
        b"nonsense",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"priority": ' + b"9" * 5_000 + b"}",
        b'{"model": "a", "model": "writer", "input": {"prompt": "a"}}',
        b'{"model": "writer", "input": {"prompt": "a", "prompt": "b"}}',
        b'{"model": "\\x"}',
        b'{"model": "a\nb"}',
    ],
)
def test_malformed_json_is_400(front: Front, body: bytes) -> None:
    problem(front.send(body), 400, "malformed_json")


@pytest.mark.parametrize("body", [b"null", b"3", b'"text"', b"[]", b"[{}]", b"true"])
def test_json_that_is_no_object_is_refused(front: Front, body: bytes) -> None:
    problem(front.send(body), 422, "input_invalid", "body")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/xml",
     "application/json; charset=utf-16", "application/jsonp", "application/problem+json"],
)  # fmt: skip
def test_another_content_type_is_415(front: Front, content_type: str) -> None:
    problem(front.send(json.dumps(TEXT_JOB).encode(), content_type), 415, "unsupported_media_type")


def test_a_compressed_body_is_415(front: Front) -> None:
    response = front.send(json.dumps(TEXT_JOB).encode(), headers={"Content-Encoding": "gzip"})
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"]
)
def test_json_in_utf_8_is_taken(front: Front, content_type: str) -> None:
    body = json.dumps(prompt("Größe 🥐"), ensure_ascii=False).encode()
    response = front.send(body, content_type)
    assert response.status_code == 202
    assert response.json["input"]["prompt"] == "Größe 🥐"


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"caf\xe9"])
def test_bad_utf_8_is_400(front: Front, bad: bytes) -> None:
    problem(front.send(b'{"model": "writer", "input": {"prompt": "' + bad + b'"}}'), 400, "malformed_text")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"input": {"prompt": "a\0b"}}, "input.prompt"),
        ({"input": {"messages": [{"role": "user", "content": "\0"}]}}, "input.messages.0.content"),
        ({"model": "writer\0"}, "model"),
        ({"metadata": {"a": "\0"}}, "metadata.a"),
        ({"metadata": {"\0": "a"}}, "metadata"),
        ({"params": {"stop": ["\0"]}}, "params.stop.0"),
        ({"params": {"label": "\0"}}, "params.label"),
    ],
)
def test_nul_characters_are_refused_wherever_they_are(
    front: Front, change: dict[str, Any], field: str
) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize("half", ["\\ud83d", "\\udc00", "a\\udfffb"])
def test_half_a_surrogate_pair_is_refused(front: Front, half: str) -> None:
    body = f'{{"model": "writer", "input": {{"prompt": "{half}"}}}}'
    problem(front.send(body.encode()), 422, "input_invalid", "input.prompt")


def test_a_label_that_the_model_does_not_have_names_those_it_has(front: Front) -> None:
    response = front.post({"model": "painter", "params": {"label": "boots"}})
    body = problem(response, 422, "input_invalid", "params.label")
    assert all(label in body["detail"] for label in LABELS)


def test_all_fields_at_fault_are_listed(front: Front) -> None:
    body = problem(front.post({**TEXT_JOB, "colour": 1, "priority": 10}), 422, "input_invalid")
    assert {error["field"] for error in body["errors"]} == {"colour", "priority"}


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "bearer pr_0_0", "Bearer pr_" + "0" * 12 + "_" + "0" * 48],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/models", f"/v1/jobs/job_{'0' * 32}"])
def test_without_a_good_key_nobody_gets_in(front: Front, header: str | None, path: str) -> None:
    response = front.client.get(path, headers={} if header is None else {"Authorization": header})
    problem(response, 401, "api_key_missing" if header is None else "api_key_invalid")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_is_401(front: Front) -> None:
    issued = front.parts.keyring.issue("acme")
    assert front.call("GET", "/v1/jobs", key=issued.token).status_code == 200
    front.parts.keyring.revoke(issued.key.id)
    problem(front.call("GET", "/v1/jobs", key=issued.token), 401, "api_key_invalid")


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("GET", "/events"), ("GET", "/outputs/0"), ("POST", "/cancel"), ("DELETE", "")],
)
def test_another_tenants_job_is_404_like_one_that_never_was(front: Front, method: str, suffix: str) -> None:
    job, other = front.done(), front.other_key()
    theirs = front.call(method, f"/v1/jobs/{job['id']}{suffix}", key=other)
    problem(theirs, 404, "job_unknown")
    problem(front.call(method, f"/v1/jobs/{new_id('job')}{suffix}"), 404, "job_unknown")
    problem(front.call(method, f"/v1/jobs/nonsense{suffix}"), 404, "job_unknown")
    problem(front.call(method, f"/v1/jobs/job_%00{suffix}"), 404, "job_unknown")
    problem(front.call(method, f"/v1/jobs/%ff{suffix}"), 404, "job_unknown")
    assert front.call("GET", f"/v1/jobs/{job['id']}").status_code == 200


def test_a_list_holds_no_other_tenants_jobs(front: Front) -> None:
    front.post()
    assert front.call("GET", "/v1/jobs", key=front.other_key()).json["items"] == []


def test_a_reused_key_with_another_body_is_422(front: Front) -> None:
    key = {"Idempotency-Key": "order-1"}
    front.post(headers=key)
    problem(
        front.post(prompt("a red mug"), headers=key), 422, "idempotency_key_reused", "header.Idempotency-Key"
    )


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb"])
def test_a_bad_idempotency_key_is_422(front: Front, key: str) -> None:
    response = front.post(headers={"Idempotency-Key": key})
    problem(response, 422, "input_invalid", "header.Idempotency-Key")


def test_the_key_of_an_erased_job_is_410(front: Front) -> None:
    key = {"Idempotency-Key": "order-1"}
    job_id = front.post(headers=key).json["id"]
    front.call("DELETE", f"/v1/jobs/{job_id}")
    problem(front.post(headers=key), 410, "job_erased")


def test_a_full_queue_is_429_with_retry_after(tmp_path: Path) -> None:
    front = Front(tmp_path, max_queued_lane=2)
    for _ in range(2):
        assert front.post().status_code == 202
    response = front.post()
    problem(response, 429, "queue_full")
    assert int(response.headers["Retry-After"]) >= 1


def test_without_the_database_it_is_503_and_the_key_later_tells(front: Front) -> None:
    key = {"Idempotency-Key": "order-1"}
    front.store.lose_answer("submit")
    response = front.post(headers=key)
    problem(response, 503, "database_unavailable")
    assert int(response.headers["Retry-After"]) >= 1
    known = front.call("GET", "/v1/jobs").json["items"]
    assert len(known) == 1, "it was accepted after all"
    assert front.post(headers=key).json["id"] == known[0]["id"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/jobs"), ("GET", "/v1/jobs"), ("GET", "/v1/models"), ("GET", f"/v1/jobs/job_{'0' * 32}"),
     ("GET", f"/v1/jobs/job_{'0' * 32}/events"), ("POST", f"/v1/jobs/job_{'0' * 32}/cancel"),
     ("DELETE", f"/v1/jobs/job_{'0' * 32}")],
)  # fmt: skip
def test_without_the_database_every_call_is_503(front: Front, method: str, path: str) -> None:
    front.call("GET", "/v1/jobs")  # the key is known by now
    front.database_down()
    response = front.call(method, path, json=TEXT_JOB if path == "/v1/jobs" and method == "POST" else None)
    problem(response, 503, "database_unavailable")
    assert response.headers["Retry-After"]


def test_the_place_in_the_queue_is_no_condition_of_acceptance(front: Front) -> None:
    front.store.fail("waiting", times=None)
    response = front.post()
    assert response.status_code == 202
    assert response.json["queue_position"] is None


def test_without_redis_a_job_is_accepted_and_runs(front: Front) -> None:
    front.redis_down()
    job = front.done()
    assert job["status"] == "succeeded"


def test_without_the_artifact_store_a_picture_is_503(front: Front) -> None:
    job = front.done(IMAGE_JOB)
    front.artifacts.fail("get", times=None)
    problem(front.call("GET", f"/v1/jobs/{job['id']}/outputs/0"), 503, "artifacts_unavailable")


def test_a_fault_of_our_own_is_a_500_without_a_trace(front: Front) -> None:
    front.store._error = ZeroDivisionError
    front.store.fail("jobs", times=None)
    problem(front.call("GET", "/v1/jobs"), 500, "internal_error")


# -- addresses, methods, queries -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/job", "/v1/jobs/", "/v2/jobs", "/%00", "/%ff", "/v1/jobs/a/b"]
)
def test_an_unknown_address_is_404(front: Front, path: str) -> None:
    problem(front.call("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/v1/jobs", "POST"), ("DELETE", "/v1/jobs", "GET"), ("POST", "/v1/models", "GET"),
     ("PATCH", f"/v1/jobs/job_{'0' * 32}", "DELETE"), ("GET", f"/v1/jobs/job_{'0' * 32}/cancel", "POST")],
)  # fmt: skip
def test_a_wrong_method_is_405_and_the_right_ones_are_named(
    front: Front, method: str, path: str, allowed: str
) -> None:
    response = front.call(method, path)
    problem(response, 405, "method_not_allowed")
    assert allowed in response.headers["Allow"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=101", "query.limit"),
        ("limit=x", "query.limit"),
        ("limit=", "query.limit"),
        ("limit=1.5", "query.limit"),
        ("limit=1&limit=2", "query.limit"),
        ("status=done", "query.status"),
        ("status=", "query.status"),
        ("model=", "query.model"),
        ("model=" + "m" * 65, "query.model"),
        ("colour=red", "query.colour"),
        ("cursor=" + "c" * 300, "query.cursor"),
    ],
)
def test_a_wrong_query_is_422(front: Front, query: str, field: str) -> None:
    problem(front.call("GET", f"/v1/jobs?{query}"), 422, "input_invalid", field)


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "%F0%9F%A5%90", "-", "e30="])
def test_a_cursor_that_is_not_ours_is_422(front: Front, cursor: str) -> None:
    problem(front.call("GET", f"/v1/jobs?cursor={cursor}"), 422, "cursor_invalid")


@pytest.mark.parametrize("query", ["model=%ff", "model=%00", "%00=1", "model=a%00b", "x=%c3%28"])
def test_a_query_that_is_no_text_is_400(front: Front, query: str) -> None:
    problem(front.call("GET", f"/v1/jobs?{query}"), 400, "malformed_text")


@pytest.mark.parametrize(
    "path", ["/v1/models", f"/v1/jobs/job_{'0' * 32}", "/healthz", "/readyz", "/openapi.json"]
)
def test_an_address_that_takes_no_parameters_refuses_them(front: Front, path: str) -> None:
    problem(front.call("GET", f"{path}?a=1"), 422, "input_invalid", "query.a")


def test_every_answer_has_a_request_id(front: Front) -> None:
    ids = {
        front.call("GET", path).headers["X-Request-Id"] for path in ("/v1/jobs", "/nope", "/healthz", "/docs")
    }
    assert len(ids) == 4


def test_the_clients_own_request_id_is_kept_if_it_is_sane(front: Front) -> None:
    assert front.call("GET", "/healthz", headers={"X-Request-Id": "a-1.b"}).headers["X-Request-Id"] == "a-1.b"
    for bad in ("", "a b", "x" * 129, "ü", 'a"b'):
        made = front.call("GET", "/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert made.startswith("req_")


# -- list, cancel, erase ---------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first_in_pages(front: Front) -> None:
    made = [front.post().json["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = JobPage.model_validate_json(front.call("GET", f"/v1/jobs?limit=2{cursor}").data)
        seen += [job.id for job in page.items]
        if page.next is None:
            break
        cursor = f"&cursor={page.next}"
    assert seen == made[::-1]


def test_jobs_are_filtered(front: Front) -> None:
    done, queued, painted = front.done()["id"], front.post().json["id"], front.post(IMAGE_JOB).json["id"]

    def ids(query: str) -> set[str]:
        return {job["id"] for job in front.call("GET", f"/v1/jobs?{query}").json["items"]}

    assert ids("status=succeeded") == {done}
    assert ids("model=writer") == {done, queued}
    assert ids("status=queued&model=painter") == {painted}
    assert ids("status=failed") == set()


def test_a_queued_job_is_canceled_and_stays_so(front: Front) -> None:
    job_id = front.post().json["id"]
    for _ in range(2):
        response = front.call("POST", f"/v1/jobs/{job_id}/cancel")
        assert (response.status_code, response.json["status"]) == (200, "canceled")
    assert not front.worker.turn()


def test_an_erased_job_is_410_and_leaves_nothing(front: Front) -> None:
    job = front.done({**prompt("a secret"), "metadata": {"sku": "secret"}})
    address = f"/v1/jobs/{job['id']}"
    response = front.call("DELETE", address)
    assert (response.status_code, response.data) == (204, b"")
    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("GET", "/outputs/0"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ):
        problem(front.call(method, address + path), 410, "job_erased")
    assert front.call("GET", "/v1/jobs").json["items"] == []


# -- outputs ------------------------------------------------------------------------------------------


def test_a_picture_has_its_bytes_and_its_names(front: Front) -> None:
    job = front.done(IMAGE_JOB)
    output = job["outputs"][1]
    response = front.call("GET", output["url"])
    assert response.status_code == 200
    assert response.data == picture_of("boot", 4)
    assert response.content_type == output["media_type"] == "image/png"
    assert response.headers["ETag"] == f'"{output["sha256"]}"'
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Disposition"] == f'inline; filename="{job["id"]}-1.png"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_text_is_an_output_too(front: Front) -> None:
    job = front.done()
    response = front.call("GET", job["outputs"][0]["url"])
    assert response.text == job["outputs"][0]["text"]
    assert response.content_type == "text/plain; charset=utf-8"


def test_head_tells_the_length_without_the_bytes(front: Front) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("HEAD", output["url"])
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Length"] == str(output["size"])


@pytest.mark.parametrize("etag", ['"{}"', 'W/"{}"', "*", '"other", "{}"'])
def test_what_one_has_already_is_304(front: Front, etag: str) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"If-None-Match": etag.format(output["sha256"])})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"]


def test_another_etag_gets_the_bytes(front: Front) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    assert front.call("GET", output["url"], headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("5-9", 5, 10), ("10-", 10, None), ("-7", -7, None), ("0-999999", 0, None)],
)
def test_a_range_is_206(front: Front, asked: str, start: int, end: int | None) -> None:
    whole = picture_of("boot", 4)
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"Range": f"bytes={asked}"})
    part = whole[start:end]
    first = start if start >= 0 else len(whole) + start
    assert (response.status_code, response.data) == (206, part)
    assert response.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
    assert response.headers["Content-Length"] == str(len(part))


@pytest.mark.parametrize("asked", ["999999-", "999999-9999999"])
def test_a_range_outside_is_416(front: Front, asked: str) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"Range": f"bytes={asked}"})
    problem(response, 416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{output['size']}"


@pytest.mark.parametrize(
    "asked", ["bytes=x", "bytes=5-1", "lines=1-2", "bytes=0-1,4-5", "bytes=", "bytes=--1", ""]
)
def test_a_range_that_cannot_be_read_is_passed_over(front: Front, asked: str) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"Range": asked})
    assert (response.status_code, len(response.data)) == (200, output["size"])


def test_if_range_guards_the_version(front: Front) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    asked = {"Range": "bytes=0-3"}
    same = front.call("GET", output["url"], headers={**asked, "If-Range": f'"{output["sha256"]}"'})
    other = front.call("GET", output["url"], headers={**asked, "If-Range": '"other"'})
    date = front.call("GET", output["url"], headers={**asked, "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert (same.status_code, other.status_code, date.status_code) == (206, 200, 200)


@pytest.mark.parametrize("n", ["2", "99999999999999999999"])
def test_an_output_that_is_not_there_is_404(front: Front, n: str) -> None:
    problem(front.call("GET", f"/v1/jobs/{front.done(IMAGE_JOB)['id']}/outputs/{n}"), 404, "output_unknown")


@pytest.mark.parametrize("n", ["-1", "x", "1.5", ""])
def test_an_output_is_named_by_a_number(front: Front, n: str) -> None:
    problem(front.call("GET", f"/v1/jobs/{front.done(IMAGE_JOB)['id']}/outputs/{n}"), 404, "not_found")


# -- models, health -----------------------------------------------------------------------------------


def test_models_show_who_runs_them(front: Front) -> None:
    def cards() -> dict[str, Any]:
        found = ModelList.model_validate_json(front.call("GET", "/v1/models").data)
        return {card.name: card for card in found.items}

    assert [card.live_workers for card in cards().values()] == [0, 0]
    front.worker.announce()
    assert cards()["writer"].live_workers == 1
    assert cards()["writer"].providers == ("cpu",)
    assert cards()["painter"].labels == LABELS
    assert cards()["writer"].defaults == {"max_tokens": 20, "temperature": 0.5}


def test_alive_and_ready(front: Front) -> None:
    assert front.client.get("/healthz").json == {"status": "ok"}
    response = front.client.get("/readyz")
    assert response.status_code == 200
    assert response.json == dict.fromkeys(("database", "redis", "artifacts", "schema"), "ok") | {
        "status": "ready"
    }


@pytest.mark.parametrize(
    ("part", "call", "shown", "code"),
    [
        ("store", "ping", "database", "database_unavailable"),
        ("cache", "ping", "redis", "redis_unavailable"),
        ("artifacts", "ping", "artifacts", "artifacts_unavailable"),
        ("store", "check_schema", "schema", "database_unavailable"),
    ],
)
def test_not_ready_says_what_is_missing(front: Front, part: str, call: str, shown: str, code: str) -> None:
    getattr(front, part).fail(call, times=None)
    response = front.call("GET", "/readyz")
    assert response.status_code == 503
    assert response.json["status"] == "not_ready"
    assert response.json[shown].startswith(code)
    assert front.client.get("/healthz").status_code == 200
