"""Templates for people, without a browser: read, made one's own, looked at, kept, removed; and whose they are."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.support.copy_pages import DRAFT, VOICE, alert_of, fields_of, keep, look, told, version, write
from tests.support.front import Front
from tests.support.pages import send, signed_in

from pressroom.catalog.templates import VERSION, shipped_templates
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.scopes import Scope
from pressroom.front.pages import copy_forms, copy_shown


def test_all_templates_are_listed_by_what_they_are_for(front: Front, browser: FlaskClient) -> None:
    front.template("slogan")
    page = browser.get("/templates").text
    for name in (*shipped_templates(), "slogan"):
        assert f'href="/templates/{name}"' in page
    assert page.index(">seo-title<") < page.index(">slogan<") < page.index(">email-body<")
    assert "SEO title, 60 characters" in page
    assert (page.count(">comes with Pressroom<"), page.count(">yours<")) == (len(shipped_templates()), 1)
    chinese = browser.get("/templates?language=zh").text
    assert 'href="/templates/seo-title.zh"' in chinese
    assert 'href="/templates/seo-title"' not in chinese
    assert "no template in this language" in browser.get("/templates?language=fr").text
    assert browser.get("/templates?language=").status_code == 422
    assert browser.get("/templates?other=1").status_code == 422


def test_every_channel_has_its_place() -> None:
    placed = [name for _, channels in copy_shown.FAMILIES for name in channels]
    assert sorted(placed) == sorted(CHANNELS)


def test_every_shipped_template_is_shown_and_edited_without_a_change(
    front: Front, browser: FlaskClient
) -> None:
    for name, asked in shipped_templates().items():
        page = browser.get(f"/templates/{name}")
        assert page.status_code == 200
        assert "Make it your own" in page.text
        assert "Remove" not in page.text
        assert page.text.count('class="mark gap written"') == sum(len(each.gaps) for each in asked.examples)
        form = browser.get(f"/templates/{name}/edit")
        assert (form.status_code, 'role="alert"' in form.text) == (200, False)
        kept = send(browser, f"/templates/{name}/edit", do="save", **fields_of(form.text))
        assert kept.headers["Location"] == f"/templates/{name}", kept.text
        made = front.parts.copywriter.template("acme", name)
        assert made.created_at is not None
        assert made.body == asked.model_dump(mode="json"), "line ends, brackets and all"


def test_a_page_marks_facts_gaps_and_optional_pieces(browser: FlaskClient) -> None:
    assert keep(browser).headers["Location"] == "/templates/our-page"
    page = browser.get("/templates/our-page").text
    sheet = page[page.index('<p class="copy marked"') : page.index('<p class="legend"')]
    assert re.search(r'<span class="mark fact" title="a fact, which[^"]+">title<i>…</i></span>', sheet)
    assert 'class="if">if material:</span> of <span class="mark fact" title="a fact">material</span>' in sheet
    assert "<b>1</b>what it is for<i>2–5 words</i>" in sheet
    assert "<li>for …</li><li>made for home</li>" in page
    assert "In one of 2 ways; where one ends with …, the model goes on:" in page
    assert "What it is &lt;b&gt;called&lt;/b&gt;." in page
    assert "Be &lt;i&gt;brief&lt;/i&gt;." in page
    assert '<span class="mark gap written">for long evenings</span>' in page
    assert "36 of 60 characters" in page
    assert "<b>called" not in page


def test_versions_can_be_looked_at_and_taken_up_again(front: Front, browser: FlaskClient) -> None:
    keep(browser)
    for n in range(2, 16):
        assert keep(browser, "/templates/our-page/edit", instructions=f"{n}").status_code == 303
    assert keep(browser, "/templates/our-page/edit", instructions="15").status_code == 303
    assert version(front, "our-page") == 15, "the same again is no new one"
    page = browser.get("/templates/our-page").text
    assert ('href="/templates/our-page@4"' in page, 'href="/templates/our-page@3"' in page) == (True, False)
    assert 'href="/templates/our-page@1"' in page
    old = browser.get("/templates/our-page@1").text
    assert "This is version 1." in old
    assert 'href="/templates/our-page@1/edit"' in old
    form = browser.get("/templates/our-page@1/edit").text
    assert send(browser, "/templates/our-page@1/edit", do="save", **fields_of(form)).status_code == 303
    assert version(front, "our-page") == 16
    assert front.call("GET", "/v1/templates/our-page").json["instructions"] == DRAFT["instructions"]
    assert browser.get("/templates/our-page@99").status_code == 404


def test_one_that_comes_with_pressroom_is_made_ones_own_and_is_there_again(
    front: Front, browser: FlaskClient
) -> None:
    form = fields_of(browser.get("/templates/seo-title/edit").text)
    send(browser, "/templates/seo-title/edit", do="save", **{**form, "what": "our title"})
    page = browser.get("/templates/seo-title").text
    assert "Yours goes before it" in page
    assert version(front, "seo-title") == 1
    theirs = browser.get(f"/templates/seo-title@{VERSION}").text
    assert "This is the one that comes with Pressroom." in theirs
    assert send(browser, "/templates/seo-title/remove").headers["Location"] == "/templates"
    assert version(front, "seo-title") == 0
    assert "comes with Pressroom" in browser.get("/templates/seo-title").text
    assert send(browser, "/templates/seo-title/remove").status_code == 404, "shipped ones stay"


def test_under_another_name_it_is_another_one(front: Front, browser: FlaskClient) -> None:
    keep(browser)
    assert (
        keep(browser, "/templates/our-page/edit", name="their-page").headers["Location"]
        == "/templates/their-page"
    )
    front.template("slogan")
    for path in ("/templates", "/templates/our-page/edit"):
        refused = keep(browser, path, name="slogan")
        assert refused.status_code == 422
        assert told(refused, "name").startswith("You have a template slogan already")
    assert version(front, "slogan") == 1


def test_a_draft_is_looked_at_before_it_is_kept(front: Front, browser: FlaskClient) -> None:
    by_example = look(browser)
    assert by_example.status_code == 200
    assert "36 of 60 characters" in by_example.text
    assert '<span class="mark gap written">for long evenings</span>' in by_example.text
    typed = look(browser, **{"fact.title": "<b>Mug</b>"})
    assert "&lt;b&gt;Mug&lt;/b&gt; – " in typed.text
    assert '<span class="mark gap">what it is for</span>' in typed.text
    assert re.search(r"13 of 60 characters stand fast; the gap has room for \d+", typed.text)
    assert 'value="&lt;b&gt;' not in typed.text or "<b>Mug" not in typed.text
    again = look(browser, "example-0", **{"fact.title": "Mug"})
    assert "36 of 60 characters" in again.text
    marked = look(browser, examples="")
    assert "Type values in, and look at it." in marked.text
    assert front.parts.copywriter.templates("acme") == front.parts.copywriter.templates("nobody"), (
        "none is kept"
    )


def test_a_chinese_draft_counts_signs(browser: FlaskClient) -> None:
    page = look(
        browser,
        locale="zh",
        body="{{title}}，[[用途 | 4-12 | 适合…；居家好物]]",
        variables="title：名称",
        examples="",
    )
    assert page.status_code == 200
    assert "4–12 signs" in page.text


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"body": "{{title}}\r\nis [[x | 3-800]] so"}, "body", "Line 2, column 4: a gap has so many words, 1 to 40"),
        ({"body": "{{title}}\r\nis [[x | 3-800]] so"}, "body", "Here: is ▸[[x | 3-800]] so"),
        ({"body": ""}, "body", "The text has 1 to 10,000 characters."),
        ({"body": "x" * 10_001}, "body", "The text has 1 to 10,000 characters."),
        ({"body": "{{price}} [[so]]", "examples": ""}, "body", "{{price}} is no variable of this template. Declared: title, material."),
        ({"body": "{{> nobody}}", "examples": ""}, "body", "There is no template nobody"),
        ({"body": "{{> our-page}}", "examples": ""}, "body", "A template refers to itself"),
        ({"body": "{{title}} {{material}}"}, "body", "{{material}} may have no value, so it stands in an optional piece"),
        ({"variables": "title\nmy thing"}, "variables", "Line 2: a variable is a name"),
        ({"variables": "title\ntitle\nmaterial (optional)"}, "variables", "title is declared twice."),
        ({"variables": "title\nmaterial (one of a; b, optional"}, "variables", "Line 2: "),
        ({"variables": "title: " + "x" * 301}, "variables", "Variable 1 description: "),
        ({"examples": "title: Oslo\n> one\n> two"}, "examples", "Example 1 has 2 gaps, and the text has 1"),
        ({"examples": "material: oak\n> one"}, "examples", "Example 1: title has no value"),
        ({"examples": "title: Oslo\nnonsense"}, "examples", "Line 2: a line is a fact"),
        ({"channel": ""}, "channel", "Choose where it is published."),
        ({"channel": "billboard"}, "channel", "Choose where it is published."),
        ({"locale": "english please"}, "locale", "A language, such as en"),
        ({"what": " "}, "what", "Say in a few words what it is"),
        ({"instructions": "x" * 2_001}, "instructions", "2,000 characters at most."),
        ({"name": "Our Page"}, "name", "A name is 1 to 64 small letters"),
        ({"name": ""}, "name", "A name is 1 to 64 small letters"),
        ({"what": "a\x00b"}, "what", "Text must not hold NUL characters."),
    ],
)  # fmt: skip
def test_what_is_no_template_is_told_at_its_field_and_is_not_lost(
    front: Front, browser: FlaskClient, fields: dict[str, str], field: str, message: str
) -> None:
    refused = keep(browser, **fields)
    assert refused.status_code == 422, refused.headers
    assert message in told(refused, field)
    assert f'href="#{field}"' in alert_of(refused)
    assert re.search(
        rf'id="{field}" name="{field}" aria-invalid="true" aria-describedby="[^"]*wrong-{field}"',
        refused.text,
    )
    shown = {name: value.replace("\r\n", "\n") for name, value in fields_of(refused.text).items()}
    sent = {name: value.replace("\r\n", "\n") for name, value in {**DRAFT, **fields}.items()}
    if field != "channel":
        assert {name: shown[name] for name in sent} == sent
    assert version_or_none(front, "our-page") is None


def version_or_none(front: Front, name: str) -> Any:
    return front.call("GET", f"/v1/templates/{name}").json.get("version")


def test_all_that_is_wrong_is_told_at_once(browser: FlaskClient) -> None:
    refused = keep(browser, body="{? x", variables="A", examples="B", what="", name="")
    assert [name for name in copy_forms.TEMPLATE_FIELDS if f'id="wrong-{name}"' in refused.text] == [
        "name", "what", "body", "variables", "examples",
    ]  # fmt: skip


def test_a_value_that_is_none_is_told_at_its_own_field(browser: FlaskClient) -> None:
    given = {
        "variables": "title\nmaterial (optional)\nprice (number, in EUR)",
        "body": DRAFT["body"] + " {{price}}",
        "examples": "",
    }
    refused = look(browser, **given, **{"fact.title": "Mug", "fact.price": "cheap"})
    assert (refused.status_code, told(refused, "fact.price")) == (
        422,
        "price is a number, and 'cheap' is none.",
    )
    missing = look(browser, **given, **{"fact.price": "3"})
    assert told(missing, "fact.title").startswith("title has no value")
    long = look(browser, examples="", body="{{title}}", variables="title", **{"fact.title": "x" * 61})
    assert told(long, "fact.title").startswith("The facts alone leave no room")


def test_a_template_that_includes_one_that_is_gone_is_shown_all_the_same(
    front: Front, browser: FlaskClient
) -> None:
    front.template("slogan")
    keep(browser, body="{{> slogan}}", variables="title", examples="title: Mug\n> for tea time")
    assert 'href="/templates/slogan"' in browser.get("/templates/our-page").text
    assert send(browser, "/templates/slogan/remove").status_code == 303
    page = browser.get("/templates/our-page")
    assert (page.status_code, "There is no template slogan" in page.text) == (200, True)
    assert browser.get("/templates/our-page/edit").status_code == 200
    assert "There is no template slogan" in told(
        keep(browser, "/templates/our-page/edit", body="{{> slogan}}"), "body"
    )


def test_what_the_form_has_no_field_for_is_kept(front: Front, browser: FlaskClient) -> None:
    """A template that was made through the API may have more than lines can say."""
    body = {
        "channel": "sms",
        "locale": "en",
        "what": "x",
        "body": "\n{{size}} [[so]]\n",
        "variables": [{"name": "size", "type": "choice", "options": ["a; b", "[c)"]}],
        "examples": [{"facts": {"size": "a; b"}, "gaps": ["two\nlines it is"]}],
    }
    assert front.call("PUT", "/v1/templates/odd", json=body).status_code == 200
    form = browser.get("/templates/odd/edit").text
    assert send(browser, "/templates/odd/edit", do="save", **fields_of(form)).status_code == 303
    assert version(front, "odd") == 1


# -- whose it is -------------------------------------------------------------------------------------


def test_another_tenants_are_not_there(front: Front, browser: FlaskClient) -> None:
    keep(browser)
    send(browser, "/voices", **VOICE)
    other = signed_in(front, front.other_key())
    assert "our-page" not in other.get("/templates").text
    assert "house" not in other.get("/voices").text
    assert "house" not in other.get("/templates/seo-title/write").text
    for path in (
        "/templates/our-page",
        "/templates/our-page/edit",
        "/templates/our-page/write",
        "/voices/house",
    ):
        assert other.get(path).status_code == 404
    assert keep(other, "/templates/our-page/edit").status_code == 404
    assert write(other).status_code == 404
    assert send(other, "/voices/house/remove").status_code == 404
    assert keep(other).status_code == 303, "the name is free for them"
    assert version(front, "our-page") == 1


def test_a_key_does_what_its_scopes_say(front: Front) -> None:
    name = front.template("slogan")
    reader = signed_in(front, front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ})).token)
    page = reader.get(f"/templates/{name}").text
    assert ("Write with it" in page, "Remove" in page) == (False, False)
    assert keep(reader).status_code == 403
    writer = signed_in(
        front, front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ, Scope.WRITE})).token
    )
    assert "Write with it" in writer.get(f"/templates/{name}").text
    assert send(writer, f"/templates/{name}/remove").status_code == 403
    assert send(writer, f"/voices/{front.voice()}/remove").status_code == 403
    assert keep(writer).status_code == 303


def test_a_name_that_is_none_is_no_page(browser: FlaskClient) -> None:
    for path in ("/templates/Nobody!", "/templates/a@0", "/voices/a@b", "/templates/a%00b"):
        assert browser.get(path).status_code in (404, 422), path


# -- JSON --------------------------------------------------------------------------------------------

JSON = {
    "channel": "json",
    "body": '{"title": {{title}}{?, "material": {{material}}?}, "line": "{{title}} [[what it is for | 2-5]]."}',
    "examples": 'title: 27" Lamp\n> for long evenings',
}


def test_a_text_that_is_json_has_a_schema_in_its_form(front: Front, browser: FlaskClient) -> None:
    schema = '{"type": "object", "properties": {"line": {"type": "string", "maxLength": 80}}}'
    seen = look(browser, "example-0", json_schema=schema, **JSON).text
    assert re.search(r"27\\&#34; Lamp .*For long evenings|27\\&#34; Lamp .*for long evenings", seen)
    assert keep(browser, json_schema=schema, **JSON).headers["Location"] == "/templates/our-page"
    kept = front.parts.copywriter.template("acme", "our-page").body["json_schema"]
    assert kept["properties"] == {"line": {"type": "string", "maxLength": 80}}
    assert "JSON: at most 10,000 characters" in browser.get("/templates/our-page").text


@pytest.mark.parametrize(
    ("schema", "field", "why"),
    [
        ('{"type": "object"', "json_schema", "This is not JSON"),
        ("[]", "json_schema", "no object, as a schema is"),
        ('{"$ref": "#"}', "json_schema", "$ref is not read here"),
        ("", "json_schema", "go together"),
    ],
)
def test_a_schema_that_is_wrong_is_told_at_its_field(
    front: Front, browser: FlaskClient, schema: str, field: str, why: str
) -> None:
    page = keep(browser, json_schema=schema, **JSON)
    assert why in told(page, field)
    assert front.call("GET", "/v1/templates/our-page").status_code == 404


def test_a_piece_that_is_left_out_where_it_says_nothing_new_is_told_so(browser: FlaskClient) -> None:
    keep(browser, body="{{title}}{? of {{material|new}}?} [[what | 2-5]]", examples="")
    assert "if material is not said yet:" in browser.get("/templates/our-page").text
