"""Who is not let in, keys that are reused, and what is answered while something is away."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem

from pressroom.domain.ids import new_id
from pressroom.front.strict import MAX_DEPTH


def prompt(text: Any) -> dict[str, Any]:
    return {**TEXT_JOB, "input": {"prompt": text}}


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


@pytest.mark.parametrize(
    ("depth", "status", "code"),
    [
        (10, 422, "input_invalid"),
        (MAX_DEPTH - 2, 422, "input_invalid"),
        (MAX_DEPTH, 400, "malformed_json"),
        (300, 400, "malformed_json"),
        (960, 400, "malformed_json"),
        (100_000, 400, "malformed_json"),
    ],
)
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_a_body_nested_too_deeply_is_refused_under_a_key_too(
    front: Front, depth: int, status: int, code: str, opens: str, closes: str
) -> None:
    inner = opens * depth + ("" if opens == "[" else "1") + closes * depth
    nested = f'{{"model": "writer", "input": {{"prompt": "a"}}, "params": {{"a": {inner}}}}}'
    headers = {"Idempotency-Key": "order-1", "Content-Type": "application/json"}
    problem(front.call("POST", "/v1/jobs", data=nested, headers=headers), status, code)


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
    assert response.headers["Retry-After"] == "60"
    assert response.json["queue"] == {
        "bound": "lane",
        "limit": 2,
        "ended_per_second": None,
        "live_workers": 0,
    }
    assert "no worker" in response.json["detail"]


def test_the_bound_over_all_pools_is_told(tmp_path: Path) -> None:
    front = Front(tmp_path, max_queued_total=1)
    assert front.post().status_code == 202
    response = front.post(key=front.other_key())
    problem(response, 429, "queue_full")
    assert (response.json["queue"]["bound"], response.json["queue"]["limit"]) == ("all", 1)


def test_other_refusals_have_no_queue(front: Front) -> None:
    assert front.post({"model": "nobody"}).json["queue"] is None


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


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/batches", "/v1/uploads", "requeue"])
def test_without_room_nothing_new_is_taken_and_the_rest_goes_on(front: Front, path: str) -> None:
    job = front.done()
    queued = front.post().json["id"]
    front.call("POST", f"/v1/jobs/{queued}/cancel")
    front.room.reason = "Only 3 MB are free."
    if path == "/v1/jobs":
        answer = front.post()
    elif path == "/v1/batches":
        answer = front.post_batch([TEXT_JOB])
    elif path == "/v1/uploads":
        answer = front.call("POST", path, data=b"x", headers={"Content-Type": "image/png"})
    else:
        answer = front.call("POST", f"/v1/jobs/{queued}/requeue")
    said = problem(answer, 503, "no_room")
    assert "Only 3 MB are free." in said["detail"]
    assert answer.headers["Retry-After"] == "30"
    assert front.call("GET", f"/v1/jobs/{job['id']}").json["outputs"] == job["outputs"]
    assert front.call("DELETE", f"/v1/jobs/{job['id']}").status_code == 204, "which makes room"
    front.room.reason = None
    assert front.post().status_code == 202
