"""``/v1/templates`` and ``/v1/voices``, and jobs that are written by them, over HTTP."""

from typing import Any

import pytest
from tests.support.front import Front, problem

TEMPLATE: dict[str, Any] = {
    "channel": "meta_description",
    "locale": "en",
    "what": "line about a product",
    "body": "{{title}}{? of {{material}}?} [[what it is for | 3-8]].",
    "variables": [{"name": "title"}, {"name": "material", "required": False}],
}
VOICE: dict[str, Any] = {"locale": "en", "tone": "warm", "avoid": ["cheap", "buy now"], "use": ["quiet"]}
FACTS = {"title": "Oslo Lamp", "material": "oak"}


def _write(front: Front, writing: dict[str, Any], **more: Any) -> Any:
    return front.post({"model": "writer", "input": {"writing": writing}, **more})


@pytest.fixture
def ready(front: Front) -> Front:
    """With a template and a voice."""
    assert front.call("PUT", "/v1/templates/line", json=TEMPLATE).status_code == 200
    assert front.call("PUT", "/v1/voices/house", json=VOICE).status_code == 200
    return front


# -- templates and voices --------------------------------------------------------------------------------


def test_a_template_has_versions_and_old_ones_stay(front: Front) -> None:
    first = front.call("PUT", "/v1/templates/line", json=TEMPLATE).json
    assert (first["name"], first["version"], first["shipped"]) == ("line", 1, False)
    assert front.call("PUT", "/v1/templates/line", json=TEMPLATE).json == first
    second = front.call("PUT", "/v1/templates/line", json={**TEMPLATE, "what": "line"}).json
    assert second["version"] == 2
    assert front.call("GET", "/v1/templates/line").json == second
    assert front.call("GET", "/v1/templates/line@1").json == first
    problem(front.call("GET", "/v1/templates/line@3"), 404, "template_unknown")
    assert front.call("DELETE", "/v1/templates/line").status_code == 204
    problem(front.call("DELETE", "/v1/templates/line"), 404, "template_unknown")


def test_one_of_ones_own_goes_before_the_one_that_is_shipped(front: Front) -> None:
    shipped = front.call("GET", "/v1/templates/seo-title").json
    assert (shipped["shipped"], shipped["created_at"]) == (True, None)
    problem(front.call("DELETE", "/v1/templates/seo-title"), 404, "template_unknown")
    own = front.call("PUT", "/v1/templates/seo-title", json=TEMPLATE).json
    listed = {each["name"]: each for each in front.call("GET", "/v1/templates").json["items"]}
    assert listed["seo-title"] == own
    assert listed["product-title.zh"]["locale"] == "zh"
    front.call("DELETE", "/v1/templates/seo-title")
    assert front.call("GET", "/v1/templates/seo-title").json == shipped


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"body": "{{title}} [[x"}, "template_invalid", "body"),
        ({"body": "{{titel}}"}, "template_invalid", "body"),
        ({"body": "{{title}} {{material}}"}, "template_invalid", "body"),
        ({"body": "{{title}} {{> line}}"}, "template_invalid", "body"),
        ({"body": "{{title}} {{> nobody}}"}, "template_invalid", "body"),
        ({"variables": [{"name": "title"}, {"name": "title"}]}, "template_invalid", "variables"),
        ({"variables": [{"name": "title", "type": "choice"}]}, "template_invalid", "variables"),
        ({"variables": [{"name": "Title"}]}, "input_invalid", "variables.0.name"),
        ({"channel": "billboard"}, "input_invalid", "channel"),
        ({"locale": "english, please"}, "input_invalid", "locale"),
        ({"surprise": 1}, "input_invalid", "surprise"),
    ],
)
def test_what_is_wrong_with_a_template_is_named_and_nothing_is_kept(
    front: Front, change: dict[str, Any], code: str, field: str
) -> None:
    problem(front.call("PUT", "/v1/templates/line", json={**TEMPLATE, **change}), 422, code, field)
    problem(front.call("GET", "/v1/templates/line"), 404, "template_unknown")


def test_two_that_include_each_other_are_refused_with_the_second(front: Front) -> None:
    plain = {**TEMPLATE, "body": "{{title}}", "variables": [{"name": "title"}]}
    front.call("PUT", "/v1/templates/b", json=plain)
    front.call("PUT", "/v1/templates/a", json={**plain, "body": "{{title}} {{> b}}"})
    answer = problem(
        front.call("PUT", "/v1/templates/b", json={**plain, "body": "{{title}} {{> a}}"}),
        422,
        "template_invalid",
    )
    assert "b → a → b" in answer["detail"]


def test_a_voice_is_made_changed_and_removed(front: Front) -> None:
    made = front.call("PUT", "/v1/voices/house", json=VOICE).json
    assert (made["version"], made["avoid"]) == (1, ["cheap", "buy now"])
    assert front.call("GET", "/v1/voices").json == {"items": [made]}
    assert front.call("PUT", "/v1/voices/house", json={"locale": "en"}).json["version"] == 2
    assert front.call("GET", "/v1/voices/house@1").json == made
    assert front.call("DELETE", "/v1/voices/house").status_code == 204
    problem(front.call("GET", "/v1/voices/house"), 404, "voice_unknown")


@pytest.mark.parametrize(
    "path", ["/v1/templates/Line", "/v1/voices/-x", "/v1/templates/line@0", "/v1/voices/a b"]
)
def test_a_name_is_a_plain_one(front: Front, path: str) -> None:
    body = TEMPLATE if "templates" in path else VOICE
    problem(front.call("PUT", path, json=body), 422, "input_invalid")


# -- jobs ------------------------------------------------------------------------------------------------


def test_a_writing_becomes_a_text_job_with_its_versions(ready: Front) -> None:
    job = _write(ready, {"template": "line", "voice": "house", "facts": FACTS}).json
    assert job["input"]["writing"] == {
        "template": "line@1",
        "voice": "house@1",
        "free": False,
        "facts": FACTS,
        "channel": "meta_description",
        "locale": "en",
        "json_schema": None,
    }
    system, request = (message["content"] for message in job["input"]["messages"])
    for said in ("line about a product", "warm", "quiet", "cheap, buy now"):
        assert said in system
    assert "- title: Oslo Lamp" in request
    assert "Oslo Lamp of oak [what it is for]." in request
    assert (job["params"]["n"], job["params"]["logprobs"]) == (4, 0)
    guide = job["params"]["guide"]
    assert [part.get("text") for part in guide["parts"]] == ["Oslo Lamp of oak ", None, "."]
    assert {"cheap", "inch", "seven"} <= set(guide["forbidden"])
    assert "oak" not in guide["forbidden"]


def test_a_change_afterwards_changes_no_job(ready: Front) -> None:
    job = _write(
        ready, {"template": "line", "voice": "house@1", "facts": FACTS}, params={"n": 2, "seed": 5}
    ).json
    ready.call("PUT", "/v1/templates/line", json={**TEMPLATE, "body": "{{title}}!"})
    ready.call("DELETE", "/v1/voices/house")
    assert ready.call("GET", f"/v1/jobs/{job['id']}").json["input"] == job["input"]
    assert (
        _write(ready, {"template": "line@1", "facts": FACTS}).json["input"]["writing"]["template"] == "line@1"
    )
    assert (
        _write(ready, {"template": "line", "facts": {"title": "x"}}).json["input"]["writing"]["template"]
        == "line@2"
    )
    problem(_write(ready, {"template": "line@1", "voice": "house", "facts": FACTS}), 404, "voice_unknown")


def test_a_text_of_facts_alone_needs_one_candidate(front: Front) -> None:
    job = _write(front, {"template": "ad-headline", "facts": FACTS}).json
    assert job["params"]["n"] == 1
    assert job["params"]["guide"]["parts"] == [{"text": "Oslo Lamp, oak"}]


@pytest.mark.parametrize(
    ("writing", "status", "code", "field"),
    [
        ({"template": "nobody", "facts": FACTS}, 404, "template_unknown", "template"),
        ({"template": "line@9", "facts": FACTS}, 404, "template_unknown", "template"),
        ({"template": "line", "voice": "nobody", "facts": FACTS}, 404, "voice_unknown", "voice"),
        ({"template": "line", "facts": {"material": "oak"}}, 422, "fact_missing", "title"),
        ({"template": "line", "facts": {"title": " "}}, 422, "fact_missing", "title"),
        (
            {"template": "line", "facts": {**FACTS, "weight": "1"}},
            422,
            "input_invalid",
            "input.writing.facts.weight",
        ),
        ({"template": "line", "facts": {"title": "x" * 200}}, 422, "facts_too_long", "title"),
        ({"template": "line", "facts": FACTS, "locale": "en"}, 422, "input_invalid", "input.writing.locale"),
        (
            {"template": "line", "facts": FACTS, "json_schema": {}},
            422,
            "input_invalid",
            "input.writing.json_schema",
        ),
        ({"facts": FACTS}, 422, "input_invalid", "input.writing.template"),
    ],
)
def test_what_is_wrong_with_a_writing_is_named(
    ready: Front, writing: dict[str, Any], status: int, code: str, field: str
) -> None:
    problem(_write(ready, writing), status, code, field)
    assert ready.call("GET", "/v1/jobs").json["items"] == []


@pytest.mark.parametrize("name", ["guide", "max_chars", "max_tokens", "stop", "logprobs"])
def test_the_template_decides_about_its_form(ready: Front, name: str) -> None:
    value: Any = {"guide": {"type": "regex", "pattern": "a"}, "stop": ["a"]}.get(name, 5)
    answer = _write(ready, {"template": "line", "facts": FACTS}, params={name: value})
    problem(answer, 422, "input_invalid", f"params.{name}")


def test_a_writing_stands_alone_and_is_for_text_models(ready: Front) -> None:
    writing = {"template": "line", "facts": FACTS}
    problem(
        ready.post({"model": "writer", "input": {"writing": writing, "prompt": "x"}}),
        422,
        "input_invalid",
        "input.prompt",
    )
    problem(
        ready.post({"model": "painter", "input": {"writing": writing}}), 422, "input_invalid", "input.writing"
    )


def test_rows_of_a_batch_are_written_too_and_one_that_is_wrong_is_named(ready: Front) -> None:
    good = {"model": "writer", "input": {"writing": {"template": "line", "facts": FACTS}}}
    bad = {"model": "writer", "input": {"writing": {"template": "line", "facts": {}}}}
    made = ready.post_batch([good, bad, good]).json
    rows = ready.call("GET", f"/v1/batches/{made['id']}/rows").json["items"]
    assert [row["status"] for row in rows][1] == "refused"
    assert rows[1]["error"]["code"] == "fact_missing"


# -- JSON ------------------------------------------------------------------------------------------------

PRODUCT = {
    "channel": "json",
    "locale": "en",
    "what": "product as JSON",
    "body": '{"title": {{title}}, "line": "{{title}}: [[what it is for | 2-9]]."}',
    "variables": [{"name": "title"}],
    "json_schema": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "line": {"type": "string", "maxLength": 60}},
        "required": ["title", "line"],
    },
}


def test_a_template_of_json_escapes_facts_and_keeps_to_its_schema(front: Front) -> None:
    assert front.call("PUT", "/v1/templates/product", json=PRODUCT).status_code == 200
    assert front.call("GET", "/v1/templates/product").json["json_schema"] == PRODUCT["json_schema"]
    job = _write(front, {"template": "product", "facts": {"title": '27" monitor'}}).json
    assert job["input"]["writing"]["json_schema"] == PRODUCT["json_schema"]
    before, gap, after = job["params"]["guide"]["parts"]
    assert before["text"] == '{"title": "27\\" monitor", "line": "27\\" monitor: '
    assert gap["chars"] == 60 - len('27" monitor: .')
    assert after["text"] == '."}'


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"json_schema": {"$ref": "#"}}, "json_schema", "$ref is not read here"),
        ({"json_schema": {"type": "thing"}}, "json_schema", "json_schema cannot be read"),
        ({"channel": "tweet"}, "json_schema", "json_schema and the channel json go together"),
        ({"json_schema": None}, "json_schema", "json_schema and the channel json go together"),
        ({"body": '{"title": {{title}}'}, "body", "The text is no JSON"),
        ({"body": '{"title": {{title}}, "line": [[what | 2-9]]}'}, "body", "is in no string"),
    ],
)
def test_a_template_of_json_that_could_make_none_is_refused(
    front: Front, change: dict[str, Any], field: str, why: str
) -> None:
    answer = front.call("PUT", "/v1/templates/product", json=PRODUCT | change)
    problem(answer, 422, "template_invalid", field)
    assert why in answer.json["detail"]
    assert front.call("GET", "/v1/templates/product").status_code == 404


def test_facts_that_the_schema_does_not_allow_are_refused(front: Front) -> None:
    front.call("PUT", "/v1/templates/product", json=PRODUCT)
    answer = _write(front, {"template": "product", "facts": {"title": "A lamp " * 9}})
    problem(answer, 422, "fact_invalid", "facts")
    assert "$.line: " in answer.json["detail"]
