"""Something is written by a template, without a browser: a field for each variable, and a job."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.support.catalogs import WRITER as WRITER_MODEL
from tests.support.catalogs import save
from tests.support.copy_pages import WRITER, alert_of, keep, look, told, write
from tests.support.front import Front
from tests.support.pages import signed_in


def test_something_is_written_and_leads_back_to_what_it_was_written_by(
    front: Front, browser: FlaskClient
) -> None:
    keep(browser)
    front.voice("house")
    form = browser.get("/templates/our-page/write").text
    assert 'name="fact.title"' in form
    assert f'value="{WRITER}"' in form
    answer = write(browser, voice="house", n="2", free="1", **{"fact.material": " ", "fact.other": "x"})
    assert answer.status_code == 303, answer.text
    job = front.call("GET", f"/v1{answer.headers['Location']}").json
    writing = job["input"]["writing"]
    assert (writing["template"], writing["voice"], writing["free"]) == ("our-page@1", "house@1", True)
    assert writing["facts"] == {"title": "Oslo <b>Lamp</b>"}
    assert job["params"]["n"] == 2
    page = browser.get(answer.headers["Location"]).text
    assert 'href="/templates/our-page@1"' in page
    assert 'href="/voices/house@1"' in page
    assert "<b>Lamp" not in page


def test_a_form_that_is_sent_twice_is_one_job(front: Front, browser: FlaskClient) -> None:
    keep(browser)
    first, again = (write(browser, key="form_once") for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    assert write(browser).headers["Location"] != first.headers["Location"]
    reused = write(browser, key="form_once", n="3")
    assert (reused.status_code, "key" in alert_of(reused)) == (422, True)


def test_an_old_version_is_written_with(front: Front, browser: FlaskClient) -> None:
    keep(browser)
    keep(browser, "/templates/our-page/edit", instructions="new")
    answer = write(browser, "/templates/our-page@1/write")
    job = front.call("GET", f"/v1{answer.headers['Location']}").json
    assert job["input"]["writing"]["template"] == "our-page@1"


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"fact.title": ""}, "fact.title", "title has no value, and the template needs one."),
        ({"fact.title": "x" * 20_001}, "fact.title", "20000 characters"),
        ({"voice": "nobody"}, "voice", "There is no voice nobody"),
        ({"model": "nobody"}, "model", "There is no model of this name"),
        ({"model": ""}, "model", ""),
        ({"model": "icons"}, "", "icons writes no text"),
        ({"n": "9"}, "n", ""),
        ({"n": "many"}, "n", ""),
        ({"key": "with spaces\n"}, "", "Idempotency-Key"),
        ({"fact.title": "a\x00b"}, "fact.title", "NUL"),
    ],
)
def test_what_cannot_be_written_is_told_at_its_field(
    front: Front, browser: FlaskClient, fields: dict[str, str], field: str, message: str
) -> None:
    keep(browser)
    refused = write(browser, **fields)
    assert refused.status_code in (404, 422), refused.text
    assert message in (told(refused, field) if field else alert_of(refused))
    assert front.call("GET", "/v1/jobs").json["items"] == []


def test_variables_may_be_called_as_the_fields_are(browser: FlaskClient) -> None:
    keep(browser, body="{{voice}} {{body}}", variables="voice\nbody (number)", examples="")
    missing = write(browser, **{"fact.voice": "x"})
    assert told(missing, "fact.body").startswith("body has no value")
    unknown = write(browser, voice="nobody", **{"fact.voice": "x", "fact.body": "1"})
    assert told(unknown, "voice").startswith("There is no voice nobody")
    looked = look(browser, body="{{body}}", variables="body (number)", examples="", **{"fact.body": "x"})
    assert told(looked, "fact.body").startswith("body is a number")


def test_it_is_looked_at_before_it_is_written(front: Front, browser: FlaskClient) -> None:
    keep(browser)
    page = write(browser, do="preview")
    assert page.status_code == 200
    assert "Oslo &lt;b&gt;Lamp&lt;/b&gt; – " in page.text
    assert "stand fast; the gap has room for" in page.text
    assert write(browser, do="preview", **{"fact.title": ""}).status_code == 422
    assert front.call("GET", "/v1/jobs").json["items"] == []


def test_a_language_that_no_model_speaks_says_what_to_do(tmp_path: Path) -> None:
    save(WRITER_MODEL.model_copy(update={"name": "english", "languages": ("en",)}), tmp_path / "zoo")
    front = Front(tmp_path)
    browser = signed_in(front)
    assert 'value="english"' in browser.get("/templates/seo-title/write").text
    page = browser.get("/templates/seo-title.zh/write").text
    assert ('value="english"' in page, 'value="writer"' in page) == (False, True), (
        "who does not say may speak it"
    )
    refused = write(browser, "/templates/seo-title.zh/write", model="english")
    assert (refused.status_code, "english speaks en" in told(refused, "model")) == (422, True)
    front.parts.follower.stop()
