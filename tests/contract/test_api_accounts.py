"""Bounds of keys, budgets, prices and usage, as clients and operators meet them."""

from typing import Any

import pytest
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem

from pressroom.domain.limits import KeyLimits
from pressroom.domain.scopes import Scope

TEXT = {**TEXT_JOB, "params": {"seed": 7, "max_tokens": 20}}
CHAT = {"model": "writer", "messages": [{"role": "user", "content": "a blue mug"}], "max_tokens": 20}


def bounded(front: Front, **limits: Any) -> str:
    return front.parts.keyring.issue("acme", limits=KeyLimits(**limits)).token


def admin(front: Front, method: str, path: str, **options: Any) -> Any:
    return front.call(method, f"/v1/admin{path}", key=front.admin_key, **options)


# -- bounds of keys --------------------------------------------------------------------------
def test_a_key_has_the_models_that_it_was_given(front: Front) -> None:
    key = bounded(front, models=("painter",))
    refused = problem(front.post(TEXT, key=key), 403, "model_not_allowed", "model")
    assert "painter" in refused["detail"]
    assert front.post(IMAGE_JOB, key=key).status_code == 202
    answer = front.call("POST", "/openai/v1/chat/completions", json=CHAT, key=key)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "model_not_allowed")


def test_a_keys_priority_is_the_default_and_the_most(front: Front) -> None:
    key = bounded(front, priority=3)
    assert front.post(TEXT, key=key).json["priority"] == 3
    assert front.post({**TEXT, "priority": 2}, key=key).json["priority"] == 2
    problem(front.post({**TEXT, "priority": 4}, key=key), 403, "priority_not_allowed", "priority")
    assert front.post(TEXT).json["priority"] == 5


def test_a_key_asks_for_work_so_often_a_minute(front: Front) -> None:
    key = bounded(front, requests_minute=3)
    for _ in range(3):
        assert front.post(TEXT, key=key).status_code == 202
    refused = front.post(TEXT, key=key)
    problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # To look is no work, and another key has a count of its own.
    assert front.call("GET", "/v1/jobs", key=key).status_code == 200
    assert front.post(TEXT).status_code == 202
    answer = front.call("POST", "/openai/v1/chat/completions", json=CHAT, key=key)
    assert (answer.status_code, answer.json["error"]["type"]) == (429, "rate_limit_error")


def test_rows_of_a_batch_are_refused_one_by_one(front: Front) -> None:
    key = bounded(front, models=("painter",), priority=2)
    rows = [TEXT, IMAGE_JOB, {**IMAGE_JOB, "priority": 9}]
    batch = front.post_batch(rows, key=key).json
    shown = front.call("GET", f"/v1/batches/{batch['id']}/rows").json["items"]
    assert [(row["status"], (row.get("error") or {}).get("code")) for row in shown] == [
        ("refused", "model_not_allowed"),
        ("waiting", None),
        ("refused", "priority_not_allowed"),
    ]


def test_a_keys_tokens_of_a_day_are_held_and_come_back(front: Front) -> None:
    key = bounded(front, tokens_day=150)
    job = front.post(TEXT, key=key)
    assert job.status_code == 202
    refused = front.post(TEXT, key=key)
    assert "Retry-After" in refused.headers
    problem(refused, 429, "tokens_spent")
    front.call("POST", f"/v1/jobs/{job.json['id']}/cancel")
    assert front.post(TEXT, key=key).status_code == 202


def test_a_bound_of_tokens_counts_the_longest_prompt_where_nobody_can_count(front: Front) -> None:
    """No tokenizer is built here: what is held is the whole context."""
    held = front.parts.accounts.tokens_today
    issued = front.parts.keyring.issue("acme", limits=KeyLimits(tokens_day=10**6))
    front.post(TEXT, key=issued.token)
    assert held(issued.key.id) == 100


# -- budgets ---------------------------------------------------------------------------------
def test_a_campaign_is_told_by_its_job_and_charged_to_its_budget(front: Front) -> None:
    admin(front, "PUT", "/prices/writer", json={"million_tokens_in": "0.1", "million_tokens_out": "2"})
    front.budget("spring", tokens=10_000, price="1.5")
    job = front.done({**TEXT, "campaign": "spring"})
    assert job["campaign"] == "spring"
    usage = job["usage"]
    nanos = usage["tokens_in"] * 100 + usage["tokens_out"] * 2_000
    assert float(usage["price"]) == pytest.approx(nanos / 10**9)
    shown = front.call("GET", "/v1/budgets/spring").json
    assert (shown["held_tokens"], shown["held_price"]) == (0, "0")
    assert shown["spent_tokens"] == usage["tokens_in"] + usage["tokens_out"]
    assert (shown["spent_price"], shown["price"]) == (usage["price"], "1.5")


def test_a_spent_budget_refuses_before_anything_runs(front: Front) -> None:
    front.budget("spring", tokens=10)
    refused = problem(front.post({**TEXT, "campaign": "spring"}), 402, "budget_spent", "campaign")
    assert "raise the budget" in refused["detail"]
    assert front.call("GET", "/v1/jobs").json["items"] == []
    front.budget("spring", tokens=10**6)
    assert front.post({**TEXT, "campaign": "spring"}).status_code == 202


def test_a_budget_of_money_is_held_for_pictures(front: Front) -> None:
    admin(front, "PUT", "/prices/*", json={"picture": "0.25"})
    front.budget("spring", price="0.6")
    assert front.post({**IMAGE_JOB, "campaign": "spring"}).status_code == 202
    problem(front.post({**IMAGE_JOB, "campaign": "spring"}), 402, "budget_spent")
    assert front.worker.turn()
    shown = front.call("GET", "/v1/budgets/spring").json
    assert (shown["spent_price"], shown["held_price"]) == ("0.5", "0")


def test_dialects_name_a_campaign_in_a_header(front: Front) -> None:
    front.budget("spring", tokens=10)
    headers = {"Pressroom-Campaign": "spring"}
    answer = front.call("POST", "/openai/v1/chat/completions", json=CHAT, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (402, "budget_spent")
    asked = {"version": "writer", "input": {"prompt": "a mug"}}
    answer = front.call("POST", "/replicate/v1/predictions", json=asked, headers=headers)
    assert answer.status_code == 402
    answer = front.call(
        "POST", "/openai/v1/chat/completions", json=CHAT, headers={"Pressroom-Campaign": "a b"}
    )
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("campaign", "body", "field"),
    [
        ("spring", {}, "tokens"),
        ("spring", {"tokens": -1}, "tokens"),
        ("spring", {"tokens": 1.5}, "tokens"),
        ("spring", {"price": 3}, "price"),
        ("spring", {"price": "1e3"}, "price"),
        ("spring", {"price": "0.0000000001"}, "price"),
        ("spring", {"price": "-1"}, "price"),
        ("spring", {"price": "NaN"}, "price"),
        ("spring", {"tokens": 1, "more": 1}, "more"),
        ("sp ring", {"tokens": 1}, "path.campaign"),
        ("-spring", {"tokens": 1}, "path.campaign"),
        ("x" * 65, {"tokens": 1}, "path.campaign"),
    ],
)
def test_what_is_no_budget_is_refused(front: Front, campaign: str, body: Any, field: str) -> None:
    problem(front.call("PUT", f"/v1/budgets/{campaign}", json=body), 422, "input_invalid", field)
    assert front.call("GET", "/v1/budgets").json["items"] == []


@pytest.mark.parametrize("campaign", ["", "a b", "é", "x" * 65, 7, "a/b"])
def test_what_is_no_campaign_is_refused(front: Front, campaign: Any) -> None:
    problem(front.post({**TEXT, "campaign": campaign}), 422, "input_invalid", "campaign")


def test_budgets_are_listed_and_removed(front: Front) -> None:
    for campaign in ("spring", "autumn"):
        front.budget(campaign, tokens=5)
    assert [each["campaign"] for each in front.call("GET", "/v1/budgets").json["items"]] == [
        "autumn",
        "spring",
    ]
    assert front.call("DELETE", "/v1/budgets/spring").status_code == 204
    problem(front.call("GET", "/v1/budgets/spring"), 404, "budget_unknown")
    problem(front.call("DELETE", "/v1/budgets/spring"), 404, "budget_unknown")


def test_a_budget_needs_its_scope(front: Front) -> None:
    key = front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ, Scope.WRITE})).token
    refused = front.call("PUT", "/v1/budgets/spring", json={"tokens": 1}, key=key)
    problem(refused, 403, "scope_missing")
    assert front.call("GET", "/v1/budgets", key=key).status_code == 200


# -- usage and prices ------------------------------------------------------------------------
def test_usage_is_summed_up_as_it_was_asked_for(front: Front) -> None:
    front.done({**TEXT, "campaign": "spring"})
    front.done(TEXT)
    front.done(IMAGE_JOB)
    lines = front.call("GET", "/v1/usage?by=model").json["items"]
    assert [(line["model"], line["jobs"], line["pictures"]) for line in lines] == [
        ("painter", 1, 2),
        ("writer", 2, 0),
    ]
    assert {line["campaign"] for line in lines} == {None}
    (line,) = front.call("GET", "/v1/usage?by=day").json["items"]
    assert (line["jobs"], line["succeeded"], line["model"]) == (3, 3, None)
    lines = front.call("GET", "/v1/usage").json["items"]
    assert sorted((line["model"], line["campaign"]) for line in lines) == [
        ("painter", ""),
        ("writer", ""),
        ("writer", "spring"),
    ]
    assert all(len(line["api_key"]) == 12 for line in lines)
    report = front.call("GET", "/v1/usage?since=2000-01-01&until=2000-01-31").json
    assert report == {"since": "2000-01-01", "until": "2000-01-31", "items": []}


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-13-01",
        "since=yesterday",
        "until=2026-1-1",
        "by=hour",
        "by=",
        "by=day,",
        "by=tenant;day",
        "x=1",
    ],
)
def test_what_is_no_span_of_usage_is_refused(front: Front, query: str) -> None:
    assert front.call("GET", f"/v1/usage?{query}").status_code == 422


def test_a_span_that_ends_before_it_begins_is_refused(front: Front) -> None:
    answer = front.call("GET", "/v1/usage?since=2026-02-01&until=2026-01-01")
    problem(answer, 422, "input_invalid", "query.until")


@pytest.mark.parametrize("day", ["2026-02-31", "2025-02-29", "0000-01-01"])
def test_a_date_that_no_calendar_has_is_refused(front: Front, day: str) -> None:
    problem(front.call("GET", f"/v1/usage?until={day}"), 422, "input_invalid", "query.until")


def test_the_first_of_all_dates_can_be_asked_for(front: Front) -> None:
    assert front.call("GET", "/v1/usage?until=0001-01-02").json["since"] == "0001-01-01"


def test_operators_see_the_usage_of_all(front: Front) -> None:
    front.done(TEXT)
    lines = admin(front, "GET", "/usage").json["items"]
    assert [(line["tenant"], line["model"], line["jobs"]) for line in lines] == [("acme", "writer", 1)]
    assert admin(front, "GET", "/usage?tenant=globex").json["items"] == []


def test_prices_are_set_by_operators_and_seen_by_all(front: Front) -> None:
    line = {"million_tokens_in": "0.15", "million_tokens_out": "0.6", "picture": "0.002"}
    assert admin(front, "PUT", "/prices/writer", json=line).json == {"model": "writer", **line}
    assert front.call("GET", "/v1/prices").json["items"] == [{"model": "writer", **line}]
    assert admin(front, "DELETE", "/prices/writer").status_code == 204
    problem(admin(front, "DELETE", "/prices/writer"), 404, "price_unknown")


@pytest.mark.parametrize(
    ("model", "body", "field"),
    [
        ("writer", {"million_tokens_in": "0.0001"}, "million_tokens_in"),
        ("writer", {"million_tokens_out": 1}, "million_tokens_out"),
        ("writer", {"picture": "x"}, "picture"),
        ("writer", {"picture": "1000000"}, "picture"),
        ("writer", {"million_tokens_in": "1000000"}, "million_tokens_in"),
        ("**", {"picture": "1"}, "path.model"),
    ],
)
def test_what_is_no_price_is_refused(front: Front, model: str, body: Any, field: str) -> None:
    problem(admin(front, "PUT", f"/prices/{model}", json=body), 422, "input_invalid", field)
    assert admin(front, "GET", "/prices").json["items"] == []


def test_the_dearest_job_there_is_fits_in_the_accounts(front: Front) -> None:
    """The highest price, and as many pictures as a job may have."""
    admin(front, "PUT", "/prices/painter", json={"picture": "999999.999999999"})
    front.budget("spring", price="999999999")
    job = front.done({**IMAGE_JOB, "params": {"label": "boot", "n": 256}, "campaign": "spring"})
    assert float(job["usage"]["price"]) == pytest.approx(256_000_000)


def test_a_campaign_is_part_of_what_a_key_names(front: Front) -> None:
    """The same key with another campaign is another request; without one it is what it was before."""
    headers = {"Idempotency-Key": "order-1"}
    first = front.post({**TEXT, "campaign": "spring"}, headers=headers)
    again = front.post({**TEXT, "campaign": "spring"}, headers=headers)
    assert again.json["id"] == first.json["id"]
    problem(front.post(TEXT, headers=headers), 422, "idempotency_key_reused")


# -- operators -------------------------------------------------------------------------------
def test_a_key_is_made_bounded_rotated_and_revoked(front: Front) -> None:
    asked = {
        "tenant": "acme",
        "label": "shop",
        "scopes": ["read", "write"],
        "limits": {"models": ["painter"]},
    }
    made = admin(front, "POST", "/keys", json=asked)
    assert made.status_code == 201
    key = made.json
    assert (key["tenant"], key["label"], key["scopes"]) == ("acme", "shop", ["read", "write"])
    problem(front.post(TEXT, key=key["token"]), 403, "model_not_allowed")
    changed = admin(front, "PUT", f"/keys/{key['id']}/limits", json={"concurrency": 2})
    assert changed.json["limits"] == {
        "models": None,
        "requests_minute": None,
        "tokens_day": None,
        "concurrency": 2,
        "priority": None,
    }
    assert front.post(TEXT, key=key["token"]).status_code == 202
    rotated = admin(front, "POST", f"/keys/{key['id']}/rotate", json={"overlap_s": 60}).json
    assert (rotated["replaces"], rotated["limits"]["concurrency"]) == (key["id"], 2)
    assert front.post(TEXT, key=rotated["token"]).status_code == 202
    assert admin(front, "DELETE", f"/keys/{rotated['id']}").status_code == 204
    problem(front.post(TEXT, key=rotated["token"]), 401, "api_key_invalid")
    listed = admin(front, "GET", "/keys?tenant=acme").json["items"]
    assert {each["id"] for each in listed} >= {key["id"], rotated["id"]}
    assert rotated["token"] not in str(listed)
    for method, path in (("DELETE", ""), ("POST", "/rotate"), ("PUT", "/limits")):
        body: dict[str, int] | None = {} if method != "DELETE" else None
        problem(admin(front, method, f"/keys/{rotated['id']}{path}", json=body), 404, "api_key_unknown")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tenant": ""},
        {"tenant": "x" * 65},
        {"tenant": "a\nb"},
        {"tenant": "acme", "scopes": []},
        {"tenant": "acme", "scopes": ["root"]},
        {"tenant": "acme", "limits": {"concurrency": 0}},
        {"tenant": "acme", "limits": {"models": []}},
        {"tenant": "acme", "lives_s": 1},
    ],
)
def test_what_is_no_key_is_refused(front: Front, body: Any) -> None:
    before = admin(front, "GET", "/keys").json
    assert admin(front, "POST", "/keys", json=body).status_code == 422
    assert admin(front, "GET", "/keys").json == before


def test_tenants_are_kept_for_and_weighed(front: Front) -> None:
    kept = admin(front, "PUT", "/tenants/acme/keeps", json={"results_s": 600})
    assert kept.json == {
        "tenant": "acme",
        "keeps": {"results_s": 600, "prompts_s": None, "events_s": None, "keys_s": None},
    }
    assert kept.json in admin(front, "GET", "/tenants").json["items"]
    assert admin(front, "PUT", "/tenants/acme/weights/text", json={"weight": 3.0}).status_code == 204
    for weight in (0.0, -1.0, 10**9):
        answer = admin(front, "PUT", "/tenants/acme/weights/text", json={"weight": weight})
        assert answer.status_code == 422
