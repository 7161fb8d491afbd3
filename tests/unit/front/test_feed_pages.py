"""Feeds for people, without a browser: posted, read, approved, saved."""

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.support.front import Front
from tests.support.pages import send, signed_in, token
from werkzeug.test import TestResponse

TABLE = "id,title,material\na-1,Oslo <b>Lamp</b>,oak\na-2,Harbour Mug,\n"


def post(browser: FlaskClient, table: str = TABLE, **form: Any) -> TestResponse:
    """The form of the page, as a browser sends it."""
    page = browser.get("/feeds")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    data = {
        "csrf": token(page),
        "key": key[1],
        "feed": (io.BytesIO(table.encode()), "products.csv"),
        "template": ["seo-title"],
        **form,
    }
    return browser.post("/feeds", data=data, content_type="multipart/form-data")


def posted(browser: FlaskClient, **form: Any) -> str:
    """The id of a feed that was taken."""
    answer = post(browser, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].removeprefix("/feeds/")


def worked(front: Front) -> None:
    while front.sweep().released or front.worker.turn():
        pass
    front.sweep()


def statuses(front: Front, feed_id: str) -> list[str]:
    items = front.call("GET", f"/v1/feeds/{feed_id}/pieces").json["items"]
    return [each["status"] for each in items]


def test_a_feed_is_posted_read_approved_and_saved(front: Front, browser: FlaskClient) -> None:
    feed_id = posted(browser, template=["seo-title", "product-title"], words="title", colour="#336699")
    assert f"/feeds/{feed_id}" in browser.get("/feeds").text
    worked(front)
    page = browser.get(f"/feeds/{feed_id}").text
    assert "seo_title, product_title, picture" in page
    assert page.count('value="approved" aria-label') == 6
    assert "<b>Lamp" not in page
    assert re.search(r'<img src="/v1/jobs/job_\w+/outputs/0"', page)
    assert send(browser, f"/feeds/{feed_id}/decisions", decision="approved", piece="1").status_code == 303
    assert send(browser, f"/feeds/{feed_id}/decisions", decision="rejected", piece="2").status_code == 303
    assert statuses(front, feed_id)[:2] == ["approved", "rejected"]
    found = browser.get(f"/v1/feeds/{feed_id}/export?columns=seo_title")
    assert (found.status_code, found.text.count("\r\n")) == (200, 2)
    assert send(browser, f"/feeds/{feed_id}/decisions", decision="approved").status_code == 303
    left = statuses(front, feed_id)
    assert left[1] == "rejected", "what was rejected stays so"
    assert "ready" not in left


def test_a_form_that_is_sent_twice_is_one_feed(front: Front, browser: FlaskClient) -> None:
    assert posted(browser, key="form_once") == posted(browser, key="form_once")
    assert len(front.call("GET", "/v1/batches").json["items"]) == 1
    assert posted(browser) != posted(browser), "each page has a key of its own"


@pytest.mark.parametrize(
    "form",
    [
        {"template": []},
        {"template": ["nobody"]},
        {"template": ["seo-title"], "table": "id,name2\n1,x\n"},
        {"table": ""},
        {"feed": ""},
        {"words": "nowhere"},
        {"words": "title", "colour": "pale"},
        {"words": "title", "n": "many"},
        {"words": "title", "n": "17"},
        {"label": "nowhere", "painter": "painter"},
        {"label": "title", "painter": "icons"},
        {"label": "title", "painter": "nobody"},
        {"preset": "other"},
        {"voice": "nobody"},
        {"key": "with spaces\n"},
        {"words": "a\x00b"},
    ],
)
def test_what_is_no_feed_comes_back_with_what_is_wrong(
    front: Front, browser: FlaskClient, form: dict[str, Any]
) -> None:
    refused = post(browser, **form)
    assert refused.status_code in (404, 422), refused.text
    assert re.search(r'role="alert">[^<]+<', refused.text)
    assert front.call("GET", "/v1/batches").json["items"] == []


def test_rows_that_are_refused_say_why(browser: FlaskClient) -> None:
    feed_id = posted(browser, table=TABLE + ",Nobody,oak\n")
    page = browser.get(f"/feeds/{feed_id}").text
    assert "Line 4: the row has no &#39;id&#39;, which names it." in page


def test_failed_ones_are_tried_again(front: Front, browser: FlaskClient) -> None:
    feed_id = posted(browser)
    front.sweep()
    assert front.worker.fail()
    worked(front)
    failed, made = statuses(front, feed_id)
    assert failed == "failed"
    page = browser.get(f"/feeds/{feed_id}").text
    assert "Try the failed ones again" in page
    assert "It failed." in page
    assert send(browser, f"/feeds/{feed_id}/retry").status_code == 303
    worked(front)
    again, kept = statuses(front, feed_id)
    assert (again in ("ready", "needs_review"), kept) == (True, made)


def test_a_feed_is_canceled(front: Front, browser: FlaskClient) -> None:
    feed_id = posted(browser)
    assert send(browser, f"/feeds/{feed_id}/cancel").status_code == 303
    front.sweep()
    assert set(statuses(front, feed_id)) == {"canceled"}
    assert "Try the failed ones again" not in browser.get(f"/feeds/{feed_id}").text


@pytest.mark.parametrize("form", [{"decision": "maybe"}, {"decision": "approved", "piece": "x"}, {}])
def test_a_decision_that_is_none_is_422(front: Front, browser: FlaskClient, form: dict[str, str]) -> None:
    feed_id = posted(browser)
    worked(front)
    before = statuses(front, feed_id)
    assert send(browser, f"/feeds/{feed_id}/decisions", **form).status_code == 422
    assert statuses(front, feed_id) == before


def test_pieces_and_feeds_come_in_pages(front: Front, browser: FlaskClient) -> None:
    rows = "".join(f"a-{n},Mug {n},oak\n" for n in range(60))
    feed_id = posted(browser, table=f"id,title,material\n{rows}")
    page = browser.get(f"/feeds/{feed_id}").text
    assert (page.count("<tr id="), "cursor=50" in page) == (50, True)
    assert browser.get(f"/feeds/{feed_id}?cursor=50").text.count("<tr id=") == 10
    assert browser.get(f"/feeds/{feed_id}?cursor=x").status_code == 422


PRODUCTS = "id,title,kind\n<i>a-1</i>,Oslo Lamp,Bag\na-2,Mug,sofa\na-3,Boot,boot\n"


def test_the_form_asks_for_icons_in_a_colour_and_pictures_of_a_class(
    front: Front, browser: FlaskClient
) -> None:
    page = browser.get("/feeds").text
    assert 'type="color"' in page
    assert "Painter: sneaker, bag, boot" in page
    feed_id = posted(
        browser,
        table=PRODUCTS,
        template=[],
        words="title",
        colour="#336699",
        label="kind",
        painter="painter",
        n="3",
        sheet="1",
    )
    feed = front.call("GET", f"/v1/feeds/{feed_id}").json
    icon, photo = [each["picture"] for each in feed["plan"]["outputs"]]
    assert feed["columns"] == ["icon", "picture"]
    assert (icon["words"], icon["colour"], icon["n"], icon["sheet"]) == (["title"], "#336699", 3, True)
    assert (photo["label"], photo["model"], photo["colour"], photo["n"]) == ("kind", "painter", None, 3)


def test_all_of_a_rows_pictures_are_shown_and_one_is_taken(front: Front, browser: FlaskClient) -> None:
    feed_id = posted(browser, table=PRODUCTS, label="kind", painter="painter", n="3")
    worked(front)
    page = browser.get(f"/feeds/{feed_id}").text
    assert page.count('type="radio" name="chosen"') == 2 * 3
    assert "picture 3 of &lt;i&gt;a-1&lt;/i&gt;: class bag" in page
    assert "Line 3: &#39;sofa&#39; in kind is no class of the model. It has: sneaker, bag, boot." in page
    items = front.call("GET", f"/v1/feeds/{feed_id}/pieces").json["items"]
    piece = next(each["n"] for each in items if each["column"] == "picture")
    approve = {"decision": "approved", "piece": piece}
    assert send(browser, f"/feeds/{feed_id}/decisions", **approve, chosen=1).status_code == 303
    taken = front.call("GET", f"/v1/feeds/{feed_id}/pieces").json["items"][piece - 1]
    assert (taken["status"], taken["output"]) == ("approved", 1)
    assert re.search(r'value="1" form="decide-2" checked', browser.get(f"/feeds/{feed_id}").text)
    assert send(browser, f"/feeds/{feed_id}/decisions", **approve, chosen=7).status_code == 422
    assert send(browser, f"/feeds/{feed_id}/decisions", **approve, chosen="x").status_code == 303
    taken = front.call("GET", f"/v1/feeds/{feed_id}/pieces").json["items"][piece - 1]
    assert (taken["status"], taken["output"]) == ("approved", 1)


def test_a_sheet_shows_every_picture_with_its_key_its_state_and_what_it_is(
    front: Front, browser: FlaskClient
) -> None:
    feed_id = posted(browser, table=PRODUCTS, label="kind", painter="painter", n="2")
    assert "No picture yet" in browser.get(f"/feeds/{feed_id}/sheet").text
    worked(front)
    assert f'href="/feeds/{feed_id}/sheet"' in browser.get(f"/feeds/{feed_id}").text
    page = browser.get(f"/feeds/{feed_id}/sheet").text
    cards = page.split('<li id="piece-')[1:]
    assert [card.partition('"')[0] for card in cards] == ["2", "4", "6"], "texts are not on it"
    assert "&lt;i&gt;a-1&lt;/i&gt;" in cards[0]
    assert "class bag, 1 of 2" in cards[0]
    assert re.search(r'<a class="hint unprinted" href="/jobs/job_[0-9a-f]+"', cards[0])
    assert "ready" in cards[0]
    assert "No picture<" in cards[1]
    assert "refused" in cards[1]
    assert "Line 3:" in cards[1]
    assert "/jobs/" not in cards[1]
    assert "<i>" not in page


def test_a_sheet_comes_in_pages(browser: FlaskClient) -> None:
    rows = "".join(f"a-{n},Mug {n},bag\n" for n in range(130))
    feed_id = posted(browser, table=f"id,title,kind\n{rows}", label="kind", painter="painter")
    page = browser.get(f"/feeds/{feed_id}/sheet").text
    assert (page.count("<li id="), f"/feeds/{feed_id}/sheet?cursor=200" in page) == (100, True)
    behind = browser.get(f"/feeds/{feed_id}/sheet?cursor=200").text
    assert (behind.count("<li id="), "More pictures" in behind) == (30, False)
    assert "No more pictures." in browser.get(f"/feeds/{feed_id}/sheet?cursor=260").text
    assert browser.get(f"/feeds/{feed_id}/sheet?cursor=x").status_code == 422


def test_a_feed_of_texts_has_an_empty_sheet_to_which_nothing_leads(browser: FlaskClient) -> None:
    feed_id = posted(browser)
    assert "/sheet" not in browser.get(f"/feeds/{feed_id}").text
    assert "This feed has no pictures." in browser.get(f"/feeds/{feed_id}/sheet").text


def test_another_tenants_feed_is_not_there(front: Front, browser: FlaskClient) -> None:
    feed_id = posted(browser)
    other = signed_in(front, front.other_key())
    assert other.get(f"/feeds/{feed_id}").status_code == 404
    assert other.get(f"/feeds/{feed_id}/sheet").status_code == 404
    assert f"/feeds/{feed_id}" not in other.get("/feeds").text
    for action in ("cancel", "retry", "decisions"):
        assert send(other, f"/feeds/{feed_id}/{action}", decision="approved").status_code == 404


def test_a_batch_is_no_feed(front: Front, browser: FlaskClient) -> None:
    line = b'{"model": "smollm2-135m-instruct", "input": {"prompt": "x"}}\n'
    batch = front.call("POST", "/v1/batches", data=line, content_type="application/x-ndjson").json
    assert browser.get(f"/feeds/{batch['id']}").status_code == 404
    assert batch["id"] not in browser.get("/feeds").text


def test_a_form_without_its_token_does_nothing(front: Front, browser: FlaskClient) -> None:
    data = {"feed": (io.BytesIO(TABLE.encode()), "a.csv"), "template": "seo-title"}
    assert browser.post("/feeds", data=data, content_type="multipart/form-data").status_code == 403
    assert front.call("GET", "/v1/batches").json["items"] == []
