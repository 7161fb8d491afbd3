"""``dry_run``: what a job would take and cost, what is in its way, and the price that it then has."""

from typing import Any

import pytest
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem
from tests.support.jobs import card, live

from pressroom.domain.job import PinnedModel
from pressroom.domain.limits import KeyLimits
from pressroom.jobs.quotes import Seals

TEXT = {**TEXT_JOB, "params": {"seed": 7, "max_tokens": 20}}


def quote(front: Front, body: Any = TEXT, **options: Any) -> Any:
    answer = front.call("POST", "/v1/jobs?dry_run=true", json=body, **options)
    assert answer.status_code == 200, answer.text
    return answer.json


def price(front: Front, model: str = "*", **line: str) -> None:
    answer = front.call("PUT", f"/v1/admin/prices/{model}", json=line, key=front.admin_key)
    assert answer.status_code == 200


@pytest.fixture
def staffed(front: Front) -> Front:
    """A front with a live worker."""
    manifest = front.parts.catalog.find("writer")
    model = PinnedModel(manifest.name, manifest.version, manifest.sha256)
    front.store.announce(card(models=(live(model),)))
    return front


def test_a_quote_stores_nothing(front: Front) -> None:
    quote(front)
    assert front.call("GET", "/v1/jobs").json["items"] == []
    assert front.tickets._inner.pending("text") == 0


def test_a_quote_tells_tokens_price_and_time(staffed: Front) -> None:
    price(staffed, million_tokens_in="1", million_tokens_out="10")
    told = quote(staffed)
    # The model is not built here, so that the prompt may be as long as its context.
    assert told["tokens"] == {"read": 80, "written_most": 20, "written_expected": 20}
    assert (told["price_most"], told["price_expected"]) == ("0.00028", "0.00028")
    assert told["model"]["name"] == "writer"
    assert 0 < told["finish"]["p50_s"] < told["finish"]["p90_s"]
    assert (told["finish"]["samples"], told["blocked_code"], told["blocked_reason"]) == (0, None, None)


def test_a_quote_learns_from_what_ended(staffed: Front) -> None:
    price(staffed, million_tokens_out="10")
    asked = {**TEXT, "params": {"max_tokens": 60}}
    written = [staffed.done(asked)["usage"]["tokens_out"] for _ in range(12)]
    assert max(written) < 60
    told = quote(staffed, asked)
    assert told["finish"]["samples"] == 12
    assert told["tokens"]["written_expected"] == round(sum(written) / 12)
    assert float(told["price_expected"]) < float(told["price_most"])


def test_a_quote_of_pictures_has_no_tokens(front: Front) -> None:
    price(front, picture="0.5")
    told = quote(front, IMAGE_JOB)
    assert (told["tokens"], told["pictures"], told["price_most"]) == (None, 2, "1")


def test_a_quote_says_what_is_in_the_way(staffed: Front) -> None:
    front = staffed
    front.budget("spring", tokens=50)
    told = quote(front, {**TEXT, "campaign": "spring"})
    assert told["blocked_code"] == "budget_spent"
    assert "raise the budget" in told["blocked_reason"]
    key = front.parts.keyring.issue("acme", limits=KeyLimits(tokens_day=99)).token
    assert quote(front, key=key)["blocked_code"] == "tokens_spent"
    assert quote(front, IMAGE_JOB)["blocked_code"] == "no_live_worker"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "nope"}, 404, "model_unknown"),
        ({"model": "writer"}, 422, "input_invalid"),
        ({**TEXT, "params": {"max_tokens": 1_000}}, 422, "prompt_too_long"),
        ({**TEXT, "more": 1}, 422, "input_invalid"),
    ],
)
def test_what_would_be_refused_is_refused(front: Front, body: Any, status: int, code: str) -> None:
    problem(front.call("POST", "/v1/jobs?dry_run=true", json=body), status, code)


def test_a_quoted_price_holds_though_the_list_has_changed(front: Front) -> None:
    price(front, million_tokens_in="1", million_tokens_out="1")
    told = quote(front)
    price(front, million_tokens_in="500", million_tokens_out="500")
    job = front.done({**TEXT, "quote": told["quote"]})
    tokens = job["usage"]["tokens_in"] + job["usage"]["tokens_out"]
    assert float(job["usage"]["price"]) == pytest.approx(tokens / 10**6)


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"seed": 7, "max_tokens": 21}},
        {"priority": 9},
        {"campaign": "spring"},
        {"model": "painter"},
    ],
)
def test_a_quote_is_for_its_own_request(front: Front, change: dict[str, Any]) -> None:
    body = {**TEXT, "quote": quote(front)["quote"], **change}
    answer = front.post(
        {key: value for key, value in body.items() if key != "input" or "model" not in change}
    )
    assert answer.status_code in (403, 422)
    assert answer.json["code"] in ("quote_invalid", "input_invalid")
    assert front.call("GET", "/v1/jobs").json["items"] == []


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "W10.aaaa.bbbb"])
def test_what_is_no_quote_is_refused(front: Front, token: str) -> None:
    problem(front.post({**TEXT, "quote": token}), 422, "quote_invalid", "quote")


def test_another_tenants_quote_is_none(front: Front) -> None:
    token = quote(front, key=front.other_key())["quote"]
    problem(front.post({**TEXT, "quote": token}), 422, "quote_invalid", "quote")


def _past(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every quote is over."""
    monkeypatch.setattr(front.parts.submitter._quotes, "good_for_s", -1)


def test_an_expired_quote_is_refused_and_stores_nothing(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = quote(front)["quote"]
    assert isinstance(front.parts.submitter._quotes, Seals)
    _past(front, monkeypatch)
    refused = problem(front.post({**TEXT, "quote": token}), 422, "quote_expired", "quote")
    assert "dry_run" in refused["detail"]
    assert front.call("GET", "/v1/jobs").json["items"] == []


def test_a_key_finds_its_job_though_the_quote_is_over(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"Idempotency-Key": "order-1"}
    body = {**TEXT, "quote": quote(front)["quote"]}
    first = front.post(body, headers=headers)
    _past(front, monkeypatch)
    again = front.post(body, headers=headers)
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])


def test_a_key_finds_its_job_though_there_is_no_room(front: Front) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = front.post(TEXT, headers=headers)
    front.room.reason = "The disk is full."
    assert front.post(TEXT, headers=headers).json["id"] == first.json["id"]
    problem(front.post(TEXT, headers={"Idempotency-Key": "order-2"}), 503, "no_room")
