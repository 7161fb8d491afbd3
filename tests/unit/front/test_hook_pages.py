"""Webhooks and accounts for people, without a browser."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.support.front import TEXT_JOB, Front
from tests.support.pages import send, signed_in

from pressroom.domain.scopes import Scope

URL = "https://hooks.example.com/in"


def endpoint(front: Front) -> dict[str, Any]:
    (found,) = front.call("GET", "/v1/webhooks").json["items"]
    return dict(found)


# -- webhooks ------------------------------------------------------------------------------------
def test_an_endpoint_is_added_and_its_secret_shown_once(front: Front, browser: FlaskClient) -> None:
    made = send(browser, "/webhooks", url=URL, description="the <shop>", form="prediction")
    assert made.status_code == 200
    assert re.search(r"<code>whsec_[\w+/=]+</code>", made.text)
    assert (endpoint(front)["url"], endpoint(front)["form"]) == (URL, "prediction")
    again = browser.get("/webhooks").text
    assert URL in again
    assert "whsec_" not in again
    assert "the &lt;shop&gt;" in again


@pytest.mark.parametrize("url", ["http://hooks.example.com", "https://127.0.0.1/", "nonsense", ""])
def test_what_is_no_endpoint_comes_back_with_what_is_wrong(
    front: Front, browser: FlaskClient, url: str
) -> None:
    refused = send(browser, "/webhooks", url=url)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert front.call("GET", "/v1/webhooks").json["items"] == []


def test_a_delivery_is_looked_at_and_sent_again(front: Front, browser: FlaskClient) -> None:
    front.webhook(URL)
    front.done(TEXT_JOB)
    (delivery,) = front.call("GET", "/v1/webhooks/deliveries").json["items"]
    assert f"/deliveries/{delivery['id']}" in browser.get("/webhooks").text
    page = browser.get(f"/deliveries/{delivery['id']}").text
    assert "job.succeeded" in page
    assert "&#34;status&#34;:&#34;succeeded&#34;" in page
    assert send(browser, f"/deliveries/{delivery['id']}/replay").status_code == 303


def test_an_endpoint_is_tested_switched_rotated_and_removed(front: Front, browser: FlaskClient) -> None:
    made = front.webhook(URL)
    path = f"/webhooks/{made['id']}"
    assert send(browser, f"{path}/test").status_code == 303
    assert "webhook.test" in browser.get("/webhooks").text
    assert send(browser, f"{path}/switch").status_code == 303
    assert endpoint(front)["active"] is False
    refused = send(browser, f"{path}/test")
    assert refused.status_code == 409
    assert "not active" in refused.text
    send(browser, f"{path}/switch")
    assert endpoint(front)["active"] is True
    rotated = send(browser, f"{path}/rotate")
    assert "whsec_" in rotated.text
    assert made["secret"] not in rotated.text
    assert send(browser, f"{path}/remove").status_code == 303
    assert front.call("GET", "/v1/webhooks").json["items"] == []


def test_webhooks_ask_for_their_scope(front: Front) -> None:
    key = front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ, Scope.WRITE})).token
    client = signed_in(front, key)
    assert client.get("/webhooks").status_code == 403
    assert 'href="/webhooks"' not in client.get("/").text
    assert 'href="/webhooks"' in signed_in(front).get("/").text


# -- accounts ------------------------------------------------------------------------------------
def test_a_budget_is_set_seen_and_removed(front: Front, browser: FlaskClient) -> None:
    assert (
        send(browser, "/accounts/budgets", campaign="spring", tokens="1000", price="2.5").status_code == 303
    )
    (budget,) = front.call("GET", "/v1/budgets").json["items"]
    assert (budget["tokens"], budget["price"]) == (1_000, "2.5")
    page = browser.get("/accounts").text
    assert "spring" in page
    assert "1,000" in page
    assert send(browser, "/accounts/budgets/spring/remove").status_code == 303
    assert front.call("GET", "/v1/budgets").json["items"] == []


@pytest.mark.parametrize(
    "form",
    [
        {"campaign": "spring"},
        {"campaign": "a b", "tokens": "1"},
        {"campaign": "spring", "tokens": "many"},
        {"campaign": "spring", "tokens": "-1"},
        {"campaign": "spring", "price": "1e9"},
    ],
)
def test_what_is_no_budget_comes_back_with_what_is_wrong(
    front: Front, browser: FlaskClient, form: dict[str, str]
) -> None:
    refused = send(browser, "/accounts/budgets", **form)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert f'value="{form["campaign"]}"' in refused.text
    assert front.call("GET", "/v1/budgets").json["items"] == []


def test_what_ended_is_summed_up(front: Front, browser: FlaskClient) -> None:
    assert "Nothing yet" in browser.get("/accounts").text
    front.done({**TEXT_JOB, "campaign": "spring"})
    page = browser.get("/accounts").text
    assert "writer" in page
    assert "spring" in page


def test_a_budget_asks_for_its_scope(front: Front) -> None:
    key = front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ, Scope.WRITE})).token
    client = signed_in(front, key)
    assert client.get("/accounts").status_code == 200
    assert "Set the budget" not in client.get("/accounts").text
    assert send(client, "/accounts/budgets", campaign="spring", tokens="1").status_code == 403
    assert front.call("GET", "/v1/budgets").json["items"] == []
