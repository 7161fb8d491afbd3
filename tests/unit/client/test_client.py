"""The client's calls before a scripted server: what is sent, tried again, and made of the answers."""

import json

import httpx
import pytest
from tests.support import answers
from tests.support.answers import JOB_ID, Script, Time, answer, event, problem, stream

from pressroom.client import (
    ApiProblem,
    BadAnswer,
    Client,
    ClientError,
    JobFailed,
    NotSendable,
    OutputDamaged,
    RetryPolicy,
    ServerUnreachable,
)
from pressroom.contract.jobs import JobInput, JobRequest

SUBMIT = "POST /v1/jobs"
JOB = f"GET /v1/jobs/{JOB_ID}"
EVENTS = f"GET /v1/jobs/{JOB_ID}/events"
OUTPUT = f"GET /v1/jobs/{JOB_ID}/outputs/0"
REQUEST = JobRequest(model="smollm2-135m-instruct", input=JobInput(prompt="Schreib «grüße» 🥐."))


def keys(script: Script) -> list[str]:
    return [request.headers["idempotency-key"] for request in script.sent(SUBMIT)]


def test_a_submit_sends_what_is_set_and_who_asks(client: Client, script: Script) -> None:
    script.on(SUBMIT, answer(answers.text_job("queued", None), 202))
    job = client.submit(REQUEST)
    assert (job.id, job.status, job.queue_position) == (JOB_ID, "queued", 3)
    (request,) = script.requests
    assert json.loads(request.content) == {
        "model": "smollm2-135m-instruct",
        "input": {"prompt": "Schreib «grüße» 🥐."},
    }
    assert "grüße" in request.content.decode()
    assert request.headers["authorization"] == "Bearer pr_0123456789ab_secret"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("pressroom-client/")


def test_each_submit_has_its_own_key_unless_one_is_given(client: Client, script: Script) -> None:
    script.on(SUBMIT, answer(answers.text_job("queued", None), 202))
    client.submit(REQUEST)
    client.submit(REQUEST)
    client.submit(REQUEST, idempotency_key="mine")
    first, second, third = keys(script)
    assert len(first) == 32
    assert first != second
    assert third == "mine"


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        problem(503, "database_unavailable", "The database is down."),
        problem(429, "queue_full", "The queue is full."),
        httpx.Response(502, html="<h1>Bad Gateway</h1>"),
    ],
)
def test_trouble_is_tried_again_with_the_same_key(
    client: Client, script: Script, time: Time, trouble: httpx.Response | Exception
) -> None:
    script.on(SUBMIT, trouble, trouble, answer(answers.text_job("queued", None), 202))
    assert client.submit(REQUEST).id == JOB_ID
    assert len(keys(script)) == 3
    assert len(set(keys(script))) == 1
    assert len({request.content for request in script.requests}) == 1
    assert len(time.slept) == 2


def test_retry_after_is_honoured(client: Client, script: Script, time: Time) -> None:
    full = problem(429, "queue_full", "The queue is full.", headers={"retry-after": "7"})
    script.on(SUBMIT, full, answer(answers.text_job("queued", None), 202))
    client.submit(REQUEST)
    assert 7 <= time.slept[0] < 8


def test_a_retry_after_beyond_the_budget_is_not_waited_for(
    client: Client, script: Script, time: Time
) -> None:
    script.on(SUBMIT, problem(429, "queue_full", "The queue is full.", headers={"retry-after": "3600"}))
    with pytest.raises(ApiProblem) as caught:
        client.submit(REQUEST)
    assert caught.value.retry_after_s == 3600
    assert time.slept == []


def test_tries_end(client: Client, script: Script) -> None:
    script.on(SUBMIT, httpx.ConnectError("refused"))
    with pytest.raises(ServerUnreachable, match="make up"):
        client.submit(REQUEST)
    assert len(script.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413, 415, 422, 500])
def test_a_refusal_is_not_tried_again(client: Client, script: Script, status: int) -> None:
    script.on(SUBMIT, problem(status, "some_code", "Say it otherwise."))
    with pytest.raises(ApiProblem, match=r"Say it otherwise\.") as caught:
        client.submit(REQUEST)
    assert (caught.value.status, caught.value.code) == (status, "some_code")
    assert len(script.requests) == 1


def test_prefer_wait_gives_the_answer_more_time(client: Client, script: Script) -> None:
    script.on(SUBMIT, answer(answers.text_job()))
    assert client.submit(REQUEST, wait_s=20).status == "succeeded"
    (request,) = script.requests
    assert request.headers["prefer"] == "wait=20"
    assert request.extensions["timeout"]["read"] == 50


@pytest.mark.parametrize(
    "request_", [{"model": "x", "params": {"top_p": float("nan")}}, {"model": "\ud800"}, {"model": {1, 2}}]
)
def test_what_json_cannot_carry_is_not_sent(
    client: Client, script: Script, request_: dict[str, object]
) -> None:
    with pytest.raises(NotSendable, match="JSON"):
        client.submit(request_)
    assert script.requests == []


@pytest.mark.parametrize("url", ["", "front", "ftp://front", "http://", "http://front:port", "http://[::1"])
def test_a_url_that_cannot_be_right_is_said_at_once(url: str) -> None:
    with pytest.raises(NotSendable, match="like http://"):
        Client(url, "pr_a_b")


@pytest.mark.parametrize("key", ["", "  ", "pr_a b", "pr_ä", "pr_a\nb"])
def test_a_key_that_cannot_be_right_is_said_at_once(key: str) -> None:
    with pytest.raises(NotSendable, match="API key"):
        Client("http://front.test", key)


def test_a_path_before_the_api_is_kept(script: Script) -> None:
    script.on("GET /pressroom/v1/models", answer(answers.models()))
    with Client("http://front.test/pressroom/", "pr_a_b", transport=httpx.MockTransport(script)) as client:
        assert len(client.models()) == 2


@pytest.mark.parametrize("content", [b"<html>", json.dumps(answers.text_job()).encode()[:100]])
def test_an_answer_that_is_not_a_job(client: Client, script: Script, content: bytes) -> None:
    script.on(JOB, httpx.Response(200, content=content))
    with pytest.raises(BadAnswer):
        client.job(JOB_ID)
    assert len(script.requests) == 1


def test_odd_ids_stay_inside_their_path(client: Client, script: Script) -> None:
    script.on("GET /v1/jobs/../models?x", answer(answers.text_job()))
    client.job("../models?x")
    assert script.requests[0].url.raw_path == b"/v1/jobs/..%2Fmodels%3Fx"
    with pytest.raises(NotSendable, match="empty"):
        client.job("")


def test_jobs_walks_all_pages_as_they_are_needed(client: Client, script: Script) -> None:
    pages = [
        {"items": [answers.text_job(id="job_3"), answers.image_job(id="job_2")], "next": "c+1"},
        {"items": [answers.text_job("failed", id="job_1")], "next": None},
    ]
    script.on("GET /v1/jobs", *(answer(page) for page in pages))
    found = client.jobs(status="failed", model="m", page_size=2)
    assert next(found).id == "job_3"
    assert len(script.requests) == 1
    assert [job.id for job in found] == ["job_2", "job_1"]
    first, second = (list(request.url.params.multi_items()) for request in script.requests)
    assert first == [("status", "failed"), ("model", "m"), ("limit", "2")]
    assert ("cursor", "c+1") in second


def test_cancel(client: Client, script: Script) -> None:
    script.on(f"POST /v1/jobs/{JOB_ID}/cancel", answer(answers.text_job("running", cancel_requested=True)))
    assert client.cancel(JOB_ID).cancel_requested


def test_an_erase_whose_answer_was_lost_has_worked(client: Client, script: Script) -> None:
    gone = problem(410, "job_erased", "Erased.")
    script.on(f"DELETE /v1/jobs/{JOB_ID}", httpx.ReadError("reset"), gone)
    client.erase(JOB_ID)
    with pytest.raises(ApiProblem, match="Erased"):
        client.erase(JOB_ID)


def test_outputs_are_checked_against_their_sha256(client: Client, script: Script) -> None:
    right, wrong = b"\x89PNG right", b"\x89PNG wrong"
    tag = {"etag": f'"{answers.sha256(right)}"'}
    script.on(OUTPUT, httpx.Response(200, content=right, headers=tag))
    assert client.output(JOB_ID) == right
    script.on(OUTPUT, httpx.Response(200, content=wrong, headers=tag))
    with pytest.raises(OutputDamaged, match="proxy"):
        client.output(JOB_ID)
    script.on(OUTPUT, httpx.Response(200, content=wrong))
    with pytest.raises(BadAnswer, match="ETag"):
        client.output(JOB_ID)


def test_the_jobs_own_sha256_goes_before_the_etag(client: Client, script: Script) -> None:
    script.on(JOB, answer(answers.image_job([b"right"])))
    script.on(
        OUTPUT, httpx.Response(200, content=b"other", headers={"etag": f'"{answers.sha256(b"other")}"'})
    )
    with pytest.raises(OutputDamaged):
        client.output(client.job(JOB_ID), 0)


def test_text_picks_a_model_waits_and_returns_the_job(client: Client, script: Script) -> None:
    script.on("GET /v1/models", answer(answers.models()))
    script.on(SUBMIT, answer(answers.text_job("queued", None), 202))
    script.on(EVENTS, stream(event("1-1", "started", attempt=1), event("1-2", "end", status="succeeded")))
    script.on(JOB, answer(answers.text_job()))
    job = client.text("Write.", system="Be brief.", max_tokens=9, stop=["."], job={"priority": 9})
    assert job.outputs[0].text == "A blue mug."
    assert json.loads(script.sent(SUBMIT)[0].content) == {
        "model": "smollm2-135m-instruct",
        "input": {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write."}]
        },
        "params": {"max_tokens": 9, "stop": ["."]},
        "priority": 9,
    }


def test_image_does_the_same(client: Client, script: Script) -> None:
    script.on(SUBMIT, answer(answers.image_job(status="queued"), 202))
    script.on(EVENTS, stream(event("1-1", "end", status="succeeded")))
    script.on(JOB, answer(answers.image_job([b"a"])))
    assert client.image(model="vae-fashion", label="sneaker", n=1).outputs[0].label == "sneaker"
    assert json.loads(script.sent(SUBMIT)[0].content) == {
        "model": "vae-fashion",
        "params": {"label": "sneaker", "n": 1},
    }


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (
            "failed",
            {"code": "engine_error", "message": "The model broke."},
            r"engine_error\): The model broke",
        ),
        ("canceled", None, "was canceled"),
        ("expired", None, "longer deadline"),
    ],
)
def test_a_job_that_did_not_succeed(
    client: Client, script: Script, status: str, error: dict[str, str] | None, said: str
) -> None:
    script.on(SUBMIT, answer(answers.text_job("queued", None), 202))
    script.on(EVENTS, stream(event("1-1", "end", status=status)))
    script.on(JOB, answer(answers.text_job(status, "A blu", error=error)))
    with pytest.raises(JobFailed, match=said) as caught:
        client.text("Write.", model="m")
    assert caught.value.job.outputs[0].text == "A blu"


def test_the_picked_model_has_a_live_worker_if_any_has(client: Client, script: Script) -> None:
    dead, live = answers.card("a", live_workers=0), answers.card("b")
    script.on("GET /v1/models", answer({"items": [dead, live]}), answer({"items": [dead]}))
    assert client.pick_model("text").name == "b"
    assert client.pick_model("text").name == "a"
    with pytest.raises(ClientError, match="no image model"):
        client.pick_model("image")


def test_the_default_policy_is_bounded() -> None:
    policy = RetryPolicy()
    assert policy.tries <= 10
    assert policy.budget_s <= 120
