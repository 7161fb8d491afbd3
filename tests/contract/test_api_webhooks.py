"""Endpoints, secrets, deliveries over HTTP: what integrators see."""

import json
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem
from tests.support.outgoing import PRIVATE_NAME, quiet_outgoing

from pressroom.adapters.sealing import SecretSeal
from pressroom.domain.messages import Ended, Form, job_message
from pressroom.domain.outgoing import Reply
from pressroom.domain.states import State
from pressroom.jobs.deliver import HIDDEN_MS, Deliverer

URL = "https://hooks.example.com/in"
UNKNOWN = "whe_" + "0" * 32


class Outside:
    """Takes every call, and remembers it."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.calls: list[tuple[str, dict[str, str], bytes]] = []

    def check(self, url: str, *, look_up: bool = True) -> str:
        return quiet_outgoing().check(url, look_up=look_up)

    def call(self, method: str, url: str, *, headers: Any, body: bytes = b"", most_bytes: int = 0) -> Reply:
        self.calls.append((url, dict(headers), body))
        return Reply(self.status, {}, b"", True)


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path)


def delivered(front: Front, status: int = 200) -> Outside:
    """Everything that is due, delivered as the relay does it."""
    outside = Outside(status)
    store = front.store._inner.webhooks
    deliverer = Deliverer(store, outside, SecretSeal(b"s"), front.parts.fetcher)
    for taken in store.take({route.name: 100 for route in deliverer.routes() if not route.closed}, HIDDEN_MS):
        deliverer.settle(taken, deliverer.send(taken))
    return outside


def test_an_endpoint_is_made_and_its_secret_told_once(front: Front) -> None:
    made = front.call(
        "POST", "/v1/webhooks", json={"url": "HTTPS://Hooks.Example.COM", "description": "shop"}
    )
    assert made.status_code == 201
    body = made.json
    assert made.headers["Location"] == f"/v1/webhooks/{body['id']}"
    assert body["url"] == "https://hooks.example.com/"
    assert (body["active"], body["events"], body["description"]) == (True, None, "shop")
    assert body["secret"].startswith("whsec_")
    shown = front.call("GET", f"/v1/webhooks/{body['id']}").json
    assert "secret" not in shown
    assert front.call("GET", "/v1/webhooks").json["items"] == [shown]
    stored = front.store._inner.webhooks.endpoint("acme", body["id"])
    assert body["secret"].removeprefix("whsec_") not in repr(stored)


def test_an_end_is_told_and_verified_by_the_reference_library(front: Front) -> None:
    secret = front.webhook()["secret"]
    job = front.done()
    ((url, headers, sent),) = delivered(front).calls
    assert url == URL
    told = Webhook(secret).verify(sent.decode(), headers)
    assert told["type"] == "job.succeeded"
    assert told["data"] == {
        "id": job["id"],
        "status": "succeeded",
        "finish_reason": job["finish_reason"],
        "error_code": None,
        "links": {"self": f"/v1/jobs/{job['id']}", "events": f"/v1/jobs/{job['id']}/events"},
    }
    assert job["outputs"][0]["text"] not in sent.decode()


def test_a_jobs_own_webhook_is_signed_with_the_tenants_secret(front: Front) -> None:
    front.done({**TEXT_JOB, "webhook": {"url": URL, "events": ["job.succeeded"]}})
    ((_, headers, sent),) = delivered(front).calls
    secret = front.call("GET", "/v1/webhooks/secret").json["secret"]
    assert front.call("GET", "/v1/webhooks/secret").json["secret"] == secret
    assert Webhook(secret).verify(sent.decode(), headers)
    (item,) = front.call("GET", "/v1/webhooks/deliveries").json["items"]
    assert (item["webhook_id"], item["status"]) == (None, "delivered")


def test_a_jobs_own_webhook_may_want_other_events(front: Front) -> None:
    front.done({**TEXT_JOB, "webhook": {"url": URL, "events": ["job.failed"]}})
    assert delivered(front).calls == []


def test_the_same_key_and_webhook_give_the_same_job(front: Front) -> None:
    body = {**TEXT_JOB, "webhook": {"url": URL}}
    headers = {"Idempotency-Key": "one"}
    first = front.post(body, headers=headers).json["id"]
    assert front.post(body, headers=headers).json["id"] == first
    problem(front.post(TEXT_JOB, headers=headers), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/", "address_not_public"),
        ("https://[::1]/", "address_not_public"),
        ("https://169.254.169.254/latest", "address_not_public"),
        (f"https://{PRIVATE_NAME}/", "address_not_public"),
        ("http://hooks.example.com/", "url_not_allowed"),
        ("https://localhost/", "url_not_allowed"),
        ("https://hooks.example.com:22/", "url_not_allowed"),
        ("https://0x7f.1/", "url_invalid"),
        ("https://user@hooks.example.com/", "url_invalid"),
        ("ftp://hooks.example.com/", "url_invalid"),
    ],
)
def test_a_target_that_may_not_be_called_is_refused_when_it_is_named(
    front: Front, url: str, code: str
) -> None:
    problem(front.call("POST", "/v1/webhooks", json={"url": url}), 422, code, "url")
    endpoint = front.webhook()
    problem(front.call("PATCH", f"/v1/webhooks/{endpoint['id']}", json={"url": url}), 422, code, "url")
    if PRIVATE_NAME not in url:
        problem(front.post({**TEXT_JOB, "webhook": {"url": url}}), 422, code, "webhook.url")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 3}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["job.born"]}, "events.0"),
        ({"url": URL, "events": "job.failed"}, "events"),
        ({"url": URL, "description": "x" * 257}, "description"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
def test_a_wrong_field_is_named(front: Front, body: dict[str, Any], field: str) -> None:
    problem(front.call("POST", "/v1/webhooks", json=body), 422, "input_invalid", field)


@pytest.mark.parametrize("field", ["url", "description", "active"])
def test_what_cannot_be_null(front: Front, field: str) -> None:
    path = f"/v1/webhooks/{front.webhook()['id']}"
    problem(front.call("PATCH", path, json={field: None}), 422, "input_invalid", field)


def test_a_change_leaves_the_rest_as_it_is(front: Front) -> None:
    made = front.webhook(events=["job.failed"], description="shop")
    path = f"/v1/webhooks/{made['id']}"
    changed = front.call("PATCH", path, json={"description": "store"}).json
    assert (changed["description"], changed["events"], changed["url"]) == ("store", ["job.failed"], URL)
    assert front.call("PATCH", path, json={"events": None}).json["events"] is None
    assert front.call("PATCH", path, json={}).status_code == 200


def test_an_endpoint_that_is_not_active_holds_what_waits(front: Front) -> None:
    path = f"/v1/webhooks/{front.webhook()['id']}"
    front.done()
    front.call("PATCH", path, json={"active": False})
    front.done()
    assert delivered(front).calls == []
    problem(front.call("POST", f"{path}/test"), 409, "wrong_state")
    front.call("PATCH", path, json={"active": True})
    assert len(delivered(front).calls) == 1


def test_a_removed_endpoint_is_gone(front: Front) -> None:
    path = f"/v1/webhooks/{front.webhook()['id']}"
    front.done()
    assert front.call("DELETE", path).status_code == 204
    problem(front.call("GET", path), 404, "endpoint_unknown")
    problem(front.call("DELETE", path), 404, "endpoint_unknown")
    assert delivered(front).calls == []
    (item,) = front.call("GET", "/v1/webhooks/deliveries").json["items"]
    assert (item["status"], item["last_error"]) == ("failed", "endpoint_removed")
    problem(front.call("POST", f"/v1/webhooks/deliveries/{item['id']}/replay"), 404, "endpoint_unknown")


def test_a_rotated_secret_signs_beside_the_old_one(front: Front) -> None:
    made = front.webhook()
    rotated = front.call("POST", f"/v1/webhooks/{made['id']}/rotate").json
    assert rotated["secret"] != made["secret"]
    assert rotated["old_until"] > made["created_at"]
    front.done()
    ((_, headers, sent),) = delivered(front).calls
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(sent.decode(), headers)


def test_the_secret_of_jobs_is_rotated_too(front: Front) -> None:
    old = front.call("GET", "/v1/webhooks/secret").json
    new = front.call("POST", "/v1/webhooks/secret/rotate").json
    assert front.call("GET", "/v1/webhooks/secret").json == {**new, "old_until": new["old_until"]}
    front.done({**TEXT_JOB, "webhook": {"url": URL}})
    ((_, headers, sent),) = delivered(front).calls
    for secret in (old["secret"], new["secret"]):
        assert Webhook(secret).verify(sent.decode(), headers)
    other = front.call("GET", "/v1/webhooks/secret", key=front.other_key()).json
    assert other["secret"] not in (old["secret"], new["secret"])


def test_a_test_message(front: Front) -> None:
    made = front.webhook(events=["job.failed"])
    sent = front.call("POST", f"/v1/webhooks/{made['id']}/test")
    assert (sent.status_code, sent.json["event"], sent.json["status"]) == (202, "webhook.test", "pending")
    ((_, headers, body),) = delivered(front).calls
    assert headers["webhook-id"] == sent.json["id"]
    assert Webhook(made["secret"]).verify(body.decode(), headers)["type"] == "webhook.test"


def test_a_delivery_tells_its_tries_and_is_replayed_as_it_was(front: Front) -> None:
    made = front.webhook()
    front.done()
    first = delivered(front, 500).calls
    path = f"/v1/webhooks/{made['id']}/deliveries"
    (item,) = front.call("GET", path).json["items"]
    assert (item["status"], item["attempts"], item["last_status"], item["tries"]) == ("pending", 1, 500, None)
    shown = front.call("GET", f"/v1/webhooks/deliveries/{item['id']}").json
    assert [one["status"] for one in shown["tries"]] == [500]
    assert shown["body"].encode() == first[0][2]
    replayed = front.call("POST", f"/v1/webhooks/deliveries/{item['id']}/replay")
    assert (replayed.status_code, replayed.json["attempts"]) == (202, 0)
    second = delivered(front).calls
    assert second[0][1]["webhook-id"] == first[0][1]["webhook-id"] == item["id"]
    assert second[0][2] == first[0][2]
    shown = front.call("GET", f"/v1/webhooks/deliveries/{item['id']}").json
    assert (shown["status"], [one["status"] for one in shown["tries"]]) == ("delivered", [500, 200])


def test_pages_of_deliveries(front: Front) -> None:
    made = front.webhook()
    for _ in range(3):
        front.call("POST", f"/v1/webhooks/{made['id']}/test")
    path = f"/v1/webhooks/{made['id']}/deliveries"
    first = front.call("GET", f"{path}?limit=2").json
    second = front.call("GET", f"{path}?limit=2&cursor={first['next']}").json
    assert len({item["id"] for item in first["items"] + second["items"]}) == 3
    assert second["next"] is None
    problem(front.call("GET", f"{path}?cursor=nonsense"), 422, "cursor_invalid")


def test_what_is_not_there(front: Front) -> None:
    for method, path in (
        ("GET", f"/v1/webhooks/{UNKNOWN}"),
        ("DELETE", f"/v1/webhooks/{UNKNOWN}"),
        ("POST", f"/v1/webhooks/{UNKNOWN}/rotate"),
        ("POST", f"/v1/webhooks/{UNKNOWN}/test"),
        ("GET", f"/v1/webhooks/{UNKNOWN}/deliveries"),
    ):
        problem(front.call(method, path), 404, "endpoint_unknown")
    for method, path in (("GET", "msg_1"), ("GET", "%C3%A9"), ("POST", "msg_1/replay")):
        problem(front.call(method, f"/v1/webhooks/deliveries/{path}"), 404, "delivery_unknown")


def test_a_tenant_has_twenty_endpoints_at_most(front: Front) -> None:
    for _ in range(20):
        assert front.call("POST", "/v1/webhooks", json={"url": URL}).status_code == 201
    problem(front.call("POST", "/v1/webhooks", json={"url": URL}), 422, "too_many_endpoints")
    assert front.call("POST", "/v1/webhooks", key=front.other_key(), json={"url": URL}).status_code == 201


def test_a_batch_tells_each_rows_end(front: Front) -> None:
    secret = front.webhook()["secret"]
    rows = [{**TEXT_JOB, "webhook": {"url": "https://own.example.com/"}} for _ in range(2)]
    assert front.post_batch(rows).status_code == 202
    front.sweep()
    while front.worker.turn():
        pass
    calls = delivered(front).calls
    assert len(calls) == 4
    ids = {json.loads(body)["data"]["id"] for _, _, body in calls}
    assert len(ids) == 2
    assert (
        sum(url == URL and bool(Webhook(secret).verify(body.decode(), head)) for url, head, body in calls)
        == 2
    )


# -- other words -------------------------------------------------------------------------------
def _body(front: Front, **asked: Any) -> Any:
    """What a job's own URL is told of its end."""
    front.done({**TEXT_JOB, "webhook": {"url": "https://hooks.example.com/own", **asked}})
    ((_, _, sent),) = delivered(front).calls
    return json.loads(sent)


def test_links_begin_as_the_job_says(front: Front) -> None:
    body = _body(front, base_url="https://press.example.com/")
    assert body["data"]["links"]["self"].startswith("https://press.example.com/v1/jobs/job_")
    assert _body(front)["data"]["links"]["self"].startswith("/v1/jobs/job_")


def test_a_prediction_is_told_in_its_words(front: Front) -> None:
    body = _body(front, form="prediction", base_url="https://press.example.com")
    assert (body["status"], body["model"], body["error"]) == ("succeeded", "pressroom/writer", None)
    assert body["urls"]["get"] == f"https://press.example.com/replicate/v1/predictions/{body['id']}"
    assert "output" not in body
    assert "input" not in body


def test_a_response_is_told_in_its_words_and_unwrapped_by_the_reference_library(front: Front) -> None:
    secret = front.webhook(form="response")["secret"]
    job = front.done()
    ((_, headers, sent),) = delivered(front).calls
    body = Webhook(secret).verify(sent.decode(), headers)
    assert (body["object"], body["type"]) == ("event", "response.completed")
    assert body["data"] == {"id": f"resp_{job['id']}"}


@pytest.mark.parametrize(
    ("state", "prediction", "response"),
    [
        (State.SUCCEEDED, "succeeded", "response.completed"),
        (State.FAILED, "failed", "response.failed"),
        (State.CANCELED, "canceled", "response.cancelled"),
        (State.EXPIRED, "canceled", "response.failed"),
    ],
)
def test_every_end_has_a_word_in_every_form(state: State, prediction: str, response: str) -> None:
    ended = Ended("job_1", state, 1_000, "writer", "a" * 64, 0, "stop", None, "It broke.")
    assert json.loads(job_message(ended))["type"] == f"job.{state.value}"
    assert json.loads(job_message(ended, Form.PREDICTION))["status"] == prediction
    assert json.loads(job_message(ended, Form.RESPONSE))["type"] == response


def test_an_endpoints_form_is_changed(front: Front) -> None:
    made = front.webhook()
    assert made["form"] == "job"
    changed = front.call("PATCH", f"/v1/webhooks/{made['id']}", json={"form": "prediction"})
    assert changed.json["form"] == "prediction"
    front.done()
    ((_, _, sent),) = delivered(front).calls
    assert json.loads(sent)["status"] == "succeeded"
    problem(
        front.call("PATCH", f"/v1/webhooks/{made['id']}", json={"form": None}), 422, "input_invalid", "form"
    )
    assert front.call("PATCH", f"/v1/webhooks/{made['id']}", json={"form": "xml"}).status_code == 422


# -- outputs that are put somewhere ------------------------------------------------------------
URLS = ["https://s3.example.com/a?sig=1", "https://s3.example.com/b?sig=2", "https://s3.example.com/c?sig=3"]


def test_outputs_are_put_to_the_addresses_that_a_job_names(front: Front) -> None:
    job = front.done({**IMAGE_JOB, "output_urls": URLS})
    calls = sorted(delivered(front).calls)  # they go out in any order
    assert [url for url, _, _ in calls] == URLS[:2]
    for n, (_, headers, sent) in enumerate(calls):
        assert headers == {"content-type": "image/png"}
        assert sent == front.call("GET", f"/v1/jobs/{job['id']}/outputs/{n}").data
    listed = front.call("GET", "/v1/webhooks/deliveries").json["items"]
    assert sorted((each["event"], each["output"], each["status"]) for each in listed) == [
        ("output.put", 0, "delivered"),
        ("output.put", 1, "delivered"),
    ]
    assert "sig=" not in str(listed)


def test_a_job_may_be_told_of_and_put(front: Front) -> None:
    front.done({**TEXT_JOB, "output_urls": URLS[:1], "webhook": {"url": "https://hooks.example.com/own"}})
    calls = delivered(front).calls
    assert sorted(url for url, _, _ in calls) == ["https://hooks.example.com/own", URLS[0]]


def test_nothing_is_put_of_what_did_not_succeed(front: Front) -> None:
    job = front.post({**TEXT_JOB, "output_urls": URLS}).json
    front.call("POST", f"/v1/jobs/{job['id']}/cancel")
    assert delivered(front).calls == []


def test_nothing_is_put_of_what_was_erased(front: Front) -> None:
    job = front.done({**TEXT_JOB, "output_urls": URLS})
    front.call("DELETE", f"/v1/jobs/{job['id']}")
    assert delivered(front).calls == []
    (listed,) = front.call("GET", "/v1/webhooks/deliveries").json["items"]
    assert (listed["status"], listed["last_error"]) == ("failed", "output_gone")


@pytest.mark.parametrize(
    "url", ["http://s3.example.com/a", "https://127.0.0.1/a", "ftp://x/y", "https://user:pw@x/"]
)
def test_outputs_are_put_to_public_addresses_alone(front: Front, url: str) -> None:
    answer = front.post({**TEXT_JOB, "output_urls": [URLS[0], url]})
    assert answer.status_code == 422
    assert answer.json["field"] == "output_urls.1"
    assert front.call("GET", "/v1/jobs").json["items"] == []


@pytest.mark.parametrize("urls", [[], "https://x.example", [1], ["https://x.example/"] * 257])
def test_what_are_no_addresses_is_refused(front: Front, urls: Any) -> None:
    assert front.post({**TEXT_JOB, "output_urls": urls}).status_code == 422
