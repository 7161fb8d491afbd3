"""A feed of the preset ``wordpress`` as posts, before a server that takes and refuses what WordPress does."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.standing_in import standing_in
from tests.support.wordpress import USER, WordPress

from examples import wordpress_feed
from pressroom.client import ApiProblem, Client, ClientError

NASTY = "Oslo <script>alert('1')</script> & \"Söhne\"\r\n\r\n[gallery] 灯\nof oak"
PLAN: dict[str, Any] = {
    "preset": "wordpress",
    "outputs": [
        {"template": "product-title"},
        {"template": "product-description"},
        {"template": "meta-description"},
        {"picture": {"words": ["title"], "colour": "#336699"}},
    ],
    "params": {"n": 1},
}
TABLE = "slug,title\noslo-lamp,Oslo Lamp\nHarbour Mug,Harbour Mug\n灯,Größe\n"


@pytest.fixture
def pressroom(stack: MiniStack) -> Iterator[Client]:
    with Client(stack.url, stack.key) as made:
        yield made


@pytest.fixture
def site() -> WordPress:
    return WordPress()


@pytest.fixture
def wordpress(site: WordPress) -> Iterator[httpx.Client]:
    with standing_in(site) as url, httpx.Client(base_url=url, auth=USER) as made:
        yield made


def fed(pressroom: Client, table: str = TABLE, **changes: Any) -> str:
    """The id of a feed that is done."""
    return pressroom.feeds.wait(pressroom.feeds.post(table.encode(), {**PLAN, **changes}).id, 30).id


def said(pressroom: Client, feed: str, column: str, text: str | None, row: int = 1) -> None:
    """Approve a piece, as it is or as it is edited."""
    found = next(each for each in pressroom.feeds.pieces(feed) if each.row == row and each.column == column)
    assert found.job_id is not None
    if text is None:
        pressroom.feedback.give(found.job_id, decision="approved")
    else:
        pressroom.feedback.give(found.job_id, decision="approved", edited=text, output=0)


def approved(pressroom: Client, feed: str, *columns: str) -> None:
    """All pieces of these columns; no columns: all."""
    numbers = [each.n for each in pressroom.feeds.pieces(feed) if not columns or each.column in columns]
    pressroom.feeds.decide(feed, "approved", numbers)


def posts(pressroom: Client, feed: str, **query: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in pressroom.feeds.export(feed, form="jsonl", **query).splitlines()]


# -- the export --------------------------------------------------------------------------------------


def test_wordpress_takes_each_line_as_it_is(stack: MiniStack, pressroom: Client, site: WordPress) -> None:
    feed = fed(pressroom)
    for column in ("title", "content", "excerpt"):
        said(pressroom, feed, column, NASTY)
    told = posts(pressroom, feed, which="all")
    assert [post["slug"] for post in told] == ["oslo-lamp", "Harbour Mug", "灯"]
    for post in told:
        assert list(post) == ["slug", "status", "title", "content", "excerpt", "meta"]
        address = post["meta"]["featured_media"]
        assert httpx.get(address, headers=stack.auth).content.startswith(b"\x89PNG")
        status, answer = site.post(post)
        assert status == 201, answer
        assert (answer["status"], answer["featured_media"]) == ("draft", 0)
    first = site.posts[1]
    assert (
        first["title"] == "Oslo &lt;script&gt;alert('1')&lt;/script&gt; &amp; \"Söhne\" [gallery] 灯 of oak"
    )
    assert first["content"] == (
        "<!-- wp:paragraph --><p>Oslo &lt;script&gt;alert('1')&lt;/script&gt; &amp; \"Söhne\"</p><!-- /wp:paragraph -->\n"
        "<!-- wp:paragraph --><p>&#91;gallery] 灯<br>of oak</p><!-- /wp:paragraph -->"
    )
    assert "<" not in first["excerpt"]


def test_a_site_that_has_registered_the_picture_keeps_its_address(pressroom: Client) -> None:
    feed = fed(pressroom)
    site = WordPress("featured_media")
    _, answer = site.post(posts(pressroom, feed, which="all")[0])
    assert answer["meta"]["featured_media"].startswith("http://")


def test_what_is_not_approved_is_not_in_a_post(pressroom: Client) -> None:
    feed = fed(pressroom)
    assert pressroom.feeds.export(feed, form="jsonl") == b""
    said(pressroom, feed, "featured_media", None)
    assert posts(pressroom, feed) == [], "WordPress takes no post without words"
    said(pressroom, feed, "excerpt", "For evenings.")
    (post,) = posts(pressroom, feed)
    assert list(post) == ["slug", "status", "excerpt", "meta"]
    assert posts(pressroom, feed, columns=["excerpt"]) == [
        {"slug": "oslo-lamp", "status": "draft", "excerpt": "For evenings."}
    ]


def test_the_key_is_the_slug_and_columns_of_any_name_do_no_harm(pressroom: Client, site: WordPress) -> None:
    outputs = [
        {"template": "product-title"},
        {"template": "seo-title", "column": "author"},
        {"template": "meta-description", "column": "status"},
    ]
    feed = fed(pressroom, "id,title\n7,Oslo Lamp\n", key="id", outputs=outputs)
    (post,) = posts(pressroom, feed, which="all")
    assert list(post) == ["slug", "status", "title", "meta"]
    assert (post["slug"], post["status"], list(post["meta"])) == ("7", "draft", ["author", "status"])
    assert site.post(post)[0] == 201


def test_tables_and_other_presets_are_as_they_were(pressroom: Client) -> None:
    feed = fed(pressroom)
    said(pressroom, feed, "title", NASTY)
    table = pressroom.feeds.export(feed, which="all", columns=["title"]).decode("utf-8-sig")
    assert NASTY.replace('"', '""') in table
    other = fed(pressroom, "id,title\n1,Lamp\n", preset="plain", outputs=[{"template": "seo-title"}])
    (line,) = posts(pressroom, other, which="all")
    assert list(line) == ["id", "seo_title"]


# -- the example -------------------------------------------------------------------------------------


def test_a_feed_becomes_drafts_with_pictures_and_only_once(
    pressroom: Client, wordpress: httpx.Client, site: WordPress
) -> None:
    feed = fed(pressroom)
    said(pressroom, feed, "title", 'Lamp & "Söhne"')
    approved(pressroom, feed, "content", "featured_media")
    made, left = wordpress_feed.drafts(pressroom, wordpress, feed)
    assert (made, left) == ([1, 2, 3], [])
    assert [post["slug"] for post in site.posts.values()] == ["oslo-lamp", "harbour-mug", "%e7%81%af"]
    assert [post["featured_media"] for post in site.posts.values()] == [1, 2, 3]
    assert site.media[1]["alt_text"] == 'Lamp & "Söhne"'
    assert site.media[3]["file"] == 'attachment; filename="picture.png"'
    said(pressroom, feed, "title", "Another")
    assert wordpress_feed.drafts(pressroom, wordpress, feed) == ([1, 2, 3], [])
    assert (len(site.posts), len(site.media)) == (3, 3)
    assert site.posts[1]["title"] == "Another"


def test_nothing_approved_makes_nothing(pressroom: Client, wordpress: httpx.Client, site: WordPress) -> None:
    feed = fed(pressroom)
    assert wordpress_feed.drafts(pressroom, wordpress, feed) == ([], [])
    approved(pressroom, feed, "featured_media")
    assert wordpress_feed.drafts(pressroom, wordpress, feed) == ([], [])
    assert (site.posts, site.media) == ({}, {})


def test_what_others_have_is_left_alone(pressroom: Client, wordpress: httpx.Client, site: WordPress) -> None:
    """A person's post, a draft without a slug, and one whose slug is a word of a key."""
    for slug, status in (("oslo-lamp", "publish"), ("", "draft"), ("mug", "draft")):
        site.post({"slug": slug, "status": status, "title": "By a person"})
    before = {number: dict(post) for number, post in site.posts.items()}
    feed = fed(pressroom, TABLE + '!!!,Cup\n"harbour, mug",Bowl\n')
    approved(pressroom, feed)
    made, left = wordpress_feed.drafts(pressroom, wordpress, feed)
    assert {number: site.posts[number] for number in before} == before
    assert made == [4, 5]
    assert left == [
        "oslo-lamp: is no draft any more, but publish",
        "!!!: this makes no slug, by which the draft could be found again",
        "harbour, mug: an earlier row has this slug",
    ]


def test_a_row_that_is_refused_is_named_and_the_others_go_on(pressroom: Client) -> None:
    site = WordPress()

    def strict(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Any]:
        if b"oslo-lamp" in body:
            return 400, {"code": "rest_invalid_param", "message": "Words of a rival."}
        return site(request, body)

    feed = fed(pressroom)
    approved(pressroom, feed, "title")
    with standing_in(strict) as url, httpx.Client(base_url=url, auth=USER) as wordpress:
        made, left = wordpress_feed.drafts(pressroom, wordpress, feed)
    assert (len(made), left) == (2, ["oslo-lamp: Words of a rival."])


def test_what_concerns_all_rows_ends_it(pressroom: Client, wordpress: httpx.Client, site: WordPress) -> None:
    with pytest.raises(ApiProblem) as unknown:
        wordpress_feed.drafts(pressroom, wordpress, "batch_none")
    assert unknown.value.code == "batch_unknown"
    plain = fed(pressroom, "id,title\n1,Lamp\n", preset="plain", outputs=[{"template": "seo-title"}])
    with pytest.raises(ClientError, match="preset plain"):
        wordpress_feed.drafts(pressroom, wordpress, plain)
    feed = fed(pressroom)
    approved(pressroom, feed)
    with (
        httpx.Client(base_url=wordpress.base_url, auth=("editor", "wrong")) as stranger,
        pytest.raises(httpx.HTTPStatusError, match="401"),
    ):
        wordpress_feed.drafts(pressroom, stranger, feed)
    assert site.posts == {}
