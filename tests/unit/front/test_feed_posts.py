"""A row of a feed as a post for WordPress: text stays text, and what is no field of it is in meta."""

import html
import itertools
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.front.api.feed_export import as_posts
from pressroom.front.api.feed_posts import post_of
from pressroom.jobs.feeds.pieces import Piece


def piece(column: str, text: str | None) -> Piece:
    return Piece(1, 1, "a-1", column, "approved", text=text)


def post(**texts: str | None) -> dict[str, Any] | None:
    """``None`` is a picture."""
    pieces = {column: piece(column, text) for column, text in texts.items()}
    return post_of("a-1", pieces, lambda each: f"http://front/{each.column}")


def content(text: str) -> str:
    made = post(content=text)
    assert made is not None
    return str(made["content"])


def paragraphs(text: str) -> list[str]:
    return re.findall(r"<!-- wp:paragraph --><p>(.*?)</p><!-- /wp:paragraph -->", content(text))


class Tags(HTMLParser):
    """What a browser sees of it."""

    def __init__(self, told: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(told)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_what_was_written_is_there_and_nothing_else() -> None:
    assert post(title="Oslo Lamp", excerpt="For evenings.") == {
        "slug": "a-1",
        "status": "draft",
        "title": "Oslo Lamp",
        "excerpt": "For evenings.",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("One.\r\n\r\nTwo.\r\n", ["One.", "Two."]),
        ("\n\n\nOne.\n \t\n\n\nTwo.\n\n", ["One.", "Two."]),
        ("- oak\n- brass\n\nEnd.", ["- oak<br>- brass", "End."]),
        ("One.", ["One."]),
    ],
)
def test_blank_lines_make_paragraphs_and_others_are_lines(text: str, told: list[str]) -> None:
    assert paragraphs(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("Salt & pepper", "Salt &amp; pepper"),
        ("Salt &amp; pepper", "Salt &amp;amp; pepper"),
        ("12\" pan, the cook's", "12\" pan, the cook's"),
        ("--> <!-- wp:html -->", "--&gt; &lt;!-- wp:html --&gt;"),
        ("<!--more-->", "&lt;!--more--&gt;"),
        ("</p><img src=x onerror=alert(1)>", "&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;"),
    ],
)
def test_text_is_never_markup(text: str, told: str) -> None:
    assert paragraphs(text) == [told]
    assert post(title=text, excerpt=text) == {
        "slug": "a-1",
        "status": "draft",
        "title": told,
        "excerpt": told,
    }


def test_a_shortcode_does_not_run_in_the_content() -> None:
    (told,) = paragraphs("[gallery ids=1] and [[caption]]")
    assert "[" not in told
    assert html.unescape(told) == "[gallery ids=1] and [[caption]]"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(str.strip))
def test_whatever_the_text_it_is_read_as_it_was_written(text: str) -> None:
    seen = Tags(content(text))
    assert set(seen.tags) <= {"p", "br"}
    made = post(title=text, excerpt=text)
    assert made is not None
    for told in (made["title"], made["excerpt"]):
        assert Tags(told).tags == []
    # HTML has no NUL, and white space is its own affair.
    wanted = "".join(text.replace("\0", "\ufffd").split())
    assert "".join(seen.words.replace("\0", "\ufffd").split()) == wanted
    assert "".join(html.unescape(made["title"]).split()).replace("\0", "\ufffd") == wanted


def test_a_title_is_one_line() -> None:
    made = post(title=" Oslo\n\nLamp\t– 灯 ")
    assert made is not None
    assert made["title"] == "Oslo Lamp – 灯"


def test_a_picture_is_never_in_a_field_of_wordpress() -> None:
    """Whichever column it was given."""
    for column in ("featured_media", "content", "title", "excerpt", "photo"):
        made = post(**{"title": "Lamp", "excerpt": "For evenings.", column: None})
        assert made is not None
        assert made["meta"] == {column: f"http://front/{column}"}
        assert column not in made


@pytest.mark.parametrize(
    "column",
    [
        "id",
        "slug",
        "status",
        "author",
        "date",
        "password",
        "categories",
        "meta",
        "featured_media",
        "seo_title",
    ],
)
def test_a_column_of_another_name_changes_nothing_of_the_post(column: str) -> None:
    made = post(**{"title": "Lamp", column: "publish"})
    assert made == {"slug": "a-1", "status": "draft", "title": "Lamp", "meta": {column: "publish"}}


@pytest.mark.parametrize(
    "texts",
    [{"featured_media": None}, {"featured_media": None, "seo_title": "Lamp"}, {"title": " \n "}, {}],
)
def test_a_row_without_words_is_no_post(texts: dict[str, str | None]) -> None:
    assert post(**texts) is None


def test_a_blank_text_is_not_there() -> None:
    assert post(title="Lamp", content=" \n\n ") == {"slug": "a-1", "status": "draft", "title": "Lamp"}


def test_a_line_goes_out_before_the_next_row_is_read() -> None:
    read = 0

    def rows() -> Iterator[tuple[str, dict[str, Piece]]]:
        nonlocal read
        for n in itertools.count(1):
            read = n
            # Every second one has a picture alone.
            yield f"a-{n}", {"title": piece("title", "A\nB\u2028C" if n % 2 else None)}

    lines = as_posts(("title", "content"), rows(), lambda each: "http://front/1")
    told = [next(lines) for _ in range(3)]
    assert read == 5
    assert [json.loads(line)["slug"] for line in told] == ["a-1", "a-3", "a-5"]
    assert all(line.endswith("\n") and "\n" not in line[:-1] for line in told)
