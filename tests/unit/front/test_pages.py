"""The pages without a browser: signing in, the forms, what is shown, what is refused."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem
from tests.support.pages import send, signed_in, token

from pressroom.domain.limits import KeyLimits

# -- signing in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/jobs", f"/jobs/job_{'0' * 32}"])
def test_who_is_not_signed_in_is_sent_to_the_door(front: Front, path: str) -> None:
    response = front.client.get(path)
    assert (response.status_code, response.headers["Location"]) == (303, "/sign-in")


def test_a_wrong_key_is_said_so_without_showing_it(front: Front) -> None:
    client = front.app.test_client()
    response = client.post("/sign-in", data={"key": "pr_wrong", "csrf": token(client.get("/sign-in"))})
    assert response.status_code == 401
    assert "not valid" in response.text
    assert "pr_wrong" not in response.text
    assert client.get("/").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(front: Front) -> None:
    client = front.app.test_client()
    csrf = token(client.get("/sign-in"))
    cookie = client.post("/sign-in", data={"key": front.key, "csrf": csrf}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert front.key not in cookie
    secure = client.get("/sign-in", base_url="https://localhost").headers.get("Set-Cookie", "Secure")
    assert "Secure" in secure


def test_a_forged_cookie_lets_nobody_in(front: Front, browser: FlaskClient) -> None:
    cookie = browser.get_cookie("pressroom")
    assert cookie is not None
    browser.set_cookie("pressroom", cookie.value[:-2] + ("AA" if cookie.value[-2:] != "AA" else "BB"))
    assert browser.get("/").status_code == 303


def test_revoking_the_key_ends_its_sessions(front: Front) -> None:
    issued = front.parts.keyring.issue("acme")
    client = signed_in(front, issued.token)
    assert client.get("/").status_code == 200
    front.parts.keyring.revoke(issued.key.id)
    assert client.get("/").status_code == 303


def test_signing_out(browser: FlaskClient) -> None:
    assert send(browser, "/sign-out").status_code == 303
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/jobs", f"/jobs/job_{'0' * 32}/cancel"])
@pytest.mark.parametrize("csrf", [None, "", "wrong", "ü"])
def test_a_form_without_the_sessions_token_is_403(browser: FlaskClient, path: str, csrf: str | None) -> None:
    response = browser.post(path, data={} if csrf is None else {"csrf": csrf})
    assert response.status_code == 403
    assert "out of date" in response.text


# -- the session at the API ------------------------------------------------------------------------


def test_a_session_may_read_the_api(browser: FlaskClient) -> None:
    assert browser.get("/v1/jobs").status_code == 200


def test_a_session_must_show_its_token_to_change_anything(front: Front, browser: FlaskClient) -> None:
    problem(browser.post("/v1/jobs", json=TEXT_JOB), 403, "csrf_invalid")
    headers = {"X-CSRF-Token": token(browser.get("/"))}
    assert browser.post("/v1/jobs", json=TEXT_JOB, headers=headers).status_code == 202


def test_a_bad_key_is_not_made_good_by_a_session(browser: FlaskClient) -> None:
    problem(browser.get("/v1/jobs", headers={"Authorization": "Bearer x"}), 401, "api_key_invalid")


# -- the desk ------------------------------------------------------------------------------------


def test_the_desk_offers_the_models(browser: FlaskClient) -> None:
    page = browser.get("/").text
    assert "Writer" in page
    assert all(f'value="{label}"' in page for label in ("sneaker", "bag", "boot"))
    assert "no worker has it now" in page


def test_the_hints_of_the_settings_are_the_models_defaults(browser: FlaskClient) -> None:
    hints = dict(re.findall(r'name="(\w+)" [^>]*placeholder="([^"]*)"', browser.get("/").text))
    assert (hints["max_tokens"], hints["temperature"], hints["guidance"]) == ("20", "0.5", "1")


def test_a_text_form_makes_a_job(front: Front, browser: FlaskClient) -> None:
    response = send(
        browser, "/jobs", model="writer", prompt="a blue mug", max_tokens="3", temperature="0.5", seed=""
    )
    assert response.status_code == 303
    assert front.worker.turn()
    page = browser.get(response.headers["Location"]).text
    assert "a blue mug" in page
    assert "done" in page
    assert "Tokens out" in page


def test_a_picture_form_makes_a_job(front: Front, browser: FlaskClient) -> None:
    response = send(browser, "/jobs", model="painter", label="boot", n="2")
    assert front.worker.turn()
    page = browser.get(response.headers["Location"]).text
    assert page.count("<img") == 3  # the mark, and two pictures
    assert 'alt="boot 2"' in page


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"model": "writer", "prompt": " "}, 422, "empty"),
        ({"model": "writer", "prompt": "a", "max_tokens": "0"}, 422, "greater than or equal to 1"),
        ({"model": "writer", "prompt": "a", "temperature": "hot"}, 422, "params.temperature"),
        ({"model": "writer", "prompt": "a", "temperature": "nan"}, 422, "params.temperature"),
        ({"model": "writer", "prompt": "a\0"}, 422, "NUL"),
        ({"model": "", "prompt": "a"}, 422, "at least 1 character"),
        ({"model": "nobody", "prompt": "a"}, 404, "Known models"),
        ({"model": "painter", "label": "tree"}, 422, "no such label"),
    ],
)
def test_a_wrong_form_comes_back_with_what_is_wrong(
    front: Front, browser: FlaskClient, form: dict[str, str], status: int, words: str
) -> None:
    response = send(browser, "/jobs", **form)
    assert response.status_code == status
    assert words in response.text
    assert front.call("GET", "/v1/jobs").json["items"] == []


def test_what_was_written_stays_in_a_refused_form(browser: FlaskClient) -> None:
    page = send(browser, "/jobs", model="writer", prompt="keep <this>", max_tokens="0").text
    assert "keep &lt;this&gt;" in page


def test_what_users_write_is_never_markup(front: Front, browser: FlaskClient) -> None:
    body = {**TEXT_JOB, "input": {"prompt": "<script>alert(1)</script>"}, "metadata": {"<b>": "<i>"}}
    job_id = front.post(body).json["id"]
    for path in ("/", "/jobs", f"/jobs/{job_id}"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<b>" not in page.replace("<b>user</b>", "")


def test_a_waiting_job_says_what_it_waits_for(front: Front, browser: FlaskClient) -> None:
    page = browser.get(f"/jobs/{front.post().json['id']}").text
    assert "about 1 in line" in page
    assert "No live worker" in page
    assert "data-follow" in page


def test_a_job_is_canceled_and_erased_by_its_forms(front: Front, browser: FlaskClient) -> None:
    job_id = front.post(IMAGE_JOB).json["id"]
    send(browser, f"/jobs/{job_id}/cancel")
    assert "canceled" in browser.get(f"/jobs/{job_id}").text
    assert send(browser, f"/jobs/{job_id}/erase").status_code == 303
    gone = browser.get(f"/jobs/{job_id}")
    assert gone.status_code == 410
    assert "erased" in gone.text


def test_another_tenants_job_is_not_here(front: Front) -> None:
    job_id = front.post().json["id"]
    stranger = signed_in(front, front.other_key())
    assert stranger.get(f"/jobs/{job_id}").status_code == 404
    assert job_id not in stranger.get("/jobs").text


def test_jobs_are_listed_in_pages(front: Front, browser: FlaskClient) -> None:
    for _ in range(32):
        front.post()
    first = browser.get("/jobs").text
    older = re.search(r'href="(/jobs\?cursor=[^"]+)"', first)
    assert older is not None
    second = browser.get(older[1].replace("&amp;", "&")).text
    assert first.count('class="what') + second.count('class="what') == 32
    assert browser.get("/jobs?cursor=nonsense").status_code == 422


def test_the_list_takes_no_filter_that_it_would_not_follow(browser: FlaskClient) -> None:
    assert browser.get("/jobs?status=failed").status_code == 422


def test_without_the_database_the_page_says_not_now(front: Front, browser: FlaskClient) -> None:
    front.database_down()
    response = browser.get("/")
    assert response.status_code == 503
    assert "Not now" in response.text


# -- what the browser may keep and do --------------------------------------------------------------------


def test_no_cache_keeps_a_page(front: Front, browser: FlaskClient) -> None:
    job_id = front.post().json["id"]
    for path in ("/", "/jobs", f"/jobs/{job_id}", f"/jobs/job_{'0' * 32}", "/sign-in"):
        assert browser.get(path).headers["Cache-Control"] == "no-store", path


def test_pages_allow_nothing_from_elsewhere(front: Front, browser: FlaskClient) -> None:
    for path in ("/", "/jobs", "/docs", "/sign-in"):
        response = browser.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Frame-Options"] == "DENY"
        assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=", response.text), "nothing inline"
        assert set(re.findall(r'(?:src|href)="(?:https?:)?//([^"/]+)', response.text)) <= set()


@pytest.mark.parametrize("name", ["pressroom.css", "pressroom.js", "mark.svg"])
def test_what_pages_need_is_served(front: Front, name: str) -> None:
    with front.client.get(f"/static/{name}") as response:
        assert response.status_code == 200


# -- bounds of keys ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("limits", "status", "said"),
    [
        ({"models": ("painter",)}, 403, "may not use writer"),
        ({"tokens_day": 1}, 429, "next day"),
        ({"requests_minute": 1}, 429, "a minute"),
    ],
)
def test_the_forms_keep_to_the_bounds_of_the_key(
    front: Front, limits: dict[str, Any], status: int, said: str
) -> None:
    """Who signed in with a bounded key asks for no more than that key may."""
    client = signed_in(front, front.parts.keyring.issue("acme", limits=KeyLimits(**limits)).token)
    form = {"kind": "text", "model": "writer", "prompt": "a blue mug"}
    if "requests_minute" in limits:
        assert send(client, "/jobs", **form).status_code == 303
    before = len(front.call("GET", "/v1/jobs").json["items"])
    refused = send(client, "/jobs", **form)
    assert refused.status_code == status
    assert said in refused.text
    assert "<form" in refused.text
    assert len(front.call("GET", "/v1/jobs").json["items"]) == before
