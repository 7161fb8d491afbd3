"""Voices for people, without a browser."""

import pytest
from flask.testing import FlaskClient
from tests.support.copy_pages import VOICE, fields_of, told
from tests.support.front import Front
from tests.support.pages import send


def test_a_voice_is_made_read_changed_and_removed(front: Front, browser: FlaskClient) -> None:
    assert "No voice yet" in browser.get("/voices").text
    assert browser.get("/new-voice").status_code == 200
    assert send(browser, "/voices", **VOICE).headers["Location"] == "/voices/house"
    made = front.call("GET", "/v1/voices/house").json
    assert (made["use"], made["avoid"]) == (["home", "calm"], ["cheap", "buy now"])
    assert made["examples"] == ["We made a lamp.\nIt stands.", "Another."]
    assert 'href="/voices/house"' in browser.get("/voices").text
    form = browser.get("/voices/house/edit").text
    assert send(browser, "/voices/house/edit", **fields_of(form)).status_code == 303
    assert front.call("GET", "/v1/voices/house").json["version"] == 1
    send(browser, "/voices/house/edit", **{**VOICE, "tone": "dry"})
    page = browser.get("/voices/house@1").text
    assert "This is version 1." in page
    assert "warm &lt;b&gt;and&lt;/b&gt; plain" in page
    assert send(browser, "/voices/house/remove").headers["Location"] == "/voices"
    assert browser.get("/voices/house").status_code == 404
    assert send(browser, "/voices/house/remove").status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": "My House"}, "name", "A name is 1 to 64"),
        ({"name": "taken"}, "name", "You have a voice taken already"),
        ({"locale": "english please"}, "locale", "A language, such as"),
        ({"tone": "x" * 301}, "tone", "300 characters at most."),
        ({"use": ", ".join(f"word{n}" for n in range(51))}, "use", "50 words or phrases at most"),
        ({"avoid": "x" * 61}, "avoid", "50 words or phrases at most"),
        ({"examples": "x" * 501}, "examples", "Example 1"),
        ({"examples": "\n\n".join("abcdef")}, "examples", "5 items"),
        ({"tone": "a\x00b"}, "tone", "NUL"),
    ],
)
def test_what_is_no_voice_is_told_at_its_field(
    front: Front, browser: FlaskClient, fields: dict[str, str], field: str, message: str
) -> None:
    front.voice("taken")
    refused = send(browser, "/voices", **{**VOICE, **fields})
    assert refused.status_code == 422
    assert message in told(refused, field)
    assert front.call("GET", "/v1/voices/house").status_code == 404
    assert front.call("GET", "/v1/voices/taken").json["version"] == 1
