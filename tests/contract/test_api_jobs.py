"""Jobs over the API: posted, waited for, listed, canceled, erased; models and health."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.catalogs import LABELS
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem
from tests.support.mini_worker import words_of

from pressroom.contract.jobs import JobPage, JobView, ModelList
from pressroom.domain.retention import Retention


def prompt(text: Any) -> dict[str, Any]:
    return {**TEXT_JOB, "input": {"prompt": text}}


# -- post ------------------------------------------------------------------------------------------------


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


# -- list, cancel, erase ---------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first_in_pages(front: Front) -> None:
    made = [front.post().json["id"] for _ in range(5)]
    seen: list[JobView] = []
    cursor = ""
    while True:
        page = JobPage.model_validate_json(front.call("GET", f"/v1/jobs?limit=2{cursor}").data)
        seen += page.items
        if page.next is None:
            break
        cursor = f"&cursor={page.next}"
    assert sorted(job.id for job in seen) == sorted(made)
    # Within a millisecond any order will do.
    posted = [job.timings.queued_at for job in seen]
    assert posted == sorted(posted, reverse=True)


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


def test_a_job_that_ended_badly_is_requeued_once(front: Front) -> None:
    job_id = front.post({**prompt("again"), "metadata": {"sku": "1"}}).json["id"]
    running = front.call("POST", f"/v1/jobs/{job_id}/requeue")
    problem(running, 409, "not_requeueable")
    front.call("POST", f"/v1/jobs/{job_id}/cancel")
    made = front.call("POST", f"/v1/jobs/{job_id}/requeue")
    new = made.json
    assert (made.status_code, new["status"], new["requeue_of"]) == (202, "queued", job_id)
    assert made.headers["Location"] == f"/v1/jobs/{new['id']}"
    assert (new["input"]["prompt"], new["metadata"]) == ("again", {"sku": "1"})
    again = front.call("POST", f"/v1/jobs/{job_id}/requeue")
    assert (again.status_code, again.json["id"]) == (200, new["id"])
    assert front.call("GET", f"/v1/jobs/{job_id}").json["status"] == "canceled"
    assert front.tickets.pending("text") == 2


def test_a_model_that_is_another_now_makes_no_requeue(front: Front) -> None:
    job_id = front.post().json["id"]
    front.call("POST", f"/v1/jobs/{job_id}/cancel")
    row = front.store._inner._rows[job_id]
    row.job = replace(row.job, model=replace(row.job.model, version="0"))
    said = problem(front.call("POST", f"/v1/jobs/{job_id}/requeue"), 404, "model_unknown")
    assert "Post a new job" in said["detail"]


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


# -- models, health --------------------------------------------------------------------------------------


def test_models_show_who_runs_them(front: Front) -> None:
    def cards() -> dict[str, Any]:
        found = ModelList.model_validate_json(front.call("GET", "/v1/models").data)
        return {card.name: card for card in found.items}

    assert not any(card.live_workers for card in cards().values())
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


# -- the tenant's policy ---------------------------------------------------------------------------------


def test_jobs_are_kept_by_the_policy_of_their_tenant(front: Front) -> None:
    front.retentions.keep("acme", Retention(results_s=3_600, prompts_s=0, events_s=60, keys_s=7_200))
    for asked, kept in ((None, 3_600), (60, 60), (86_400, 3_600)):
        body = TEXT_JOB if asked is None else {**TEXT_JOB, "result_ttl_s": asked}
        job = front.done(body)
        assert job["expires_at"] - job["timings"]["finished_at"] == kept * 1000
    stored = front.store._inner._rows[job["id"]].job
    assert (stored.prompt_ttl_s, stored.events_ttl_s) == (0, 60)
    # A prompt that is not kept is in no copy either.
    assert front.cache.get("acme", job["id"]) is None
    assert front.store.erase_prompts() == 3
    after = front.call("GET", f"/v1/jobs/{job['id']}").json
    assert not any(after["input"].values())
    assert after["prompt_erased_at"] is not None
    assert after["outputs"] == job["outputs"]
    cannot = front.post(TEXT_JOB).json["id"]
    front.call("POST", f"/v1/jobs/{cannot}/cancel")
    front.store.erase_prompts()
    problem(front.call("POST", f"/v1/jobs/{cannot}/requeue"), 409, "prompt_erased")


def test_rows_of_batches_too(front: Front) -> None:
    front.retentions.keep("acme", Retention(results_s=3_600, prompts_s=60))
    batch = front.post_batch([TEXT_JOB]).json
    front.sweep()
    jobs = [row.job for row in front.store._inner._rows.values()]
    assert [(job.result_ttl_s, job.prompt_ttl_s, job.events_ttl_s) for job in jobs] == [(3_600, 60, None)], (
        batch
    )
