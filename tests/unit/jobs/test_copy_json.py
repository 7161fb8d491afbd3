"""Templates that make JSON: schemas that are read, texts that are JSON whatever is left out, gaps as wide as the schema allows."""

import json
from typing import Any

import pytest

from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import FactInvalid, Filled, Set, fill
from pressroom.domain.copy.json_text import placed
from pressroom.domain.copy.template import TemplateInvalid, Variable, parse
from pressroom.jobs.copy_json import bounded, check_schema, check_text, wrong_with

VARIABLES = (Variable("title"), Variable("price", "number", required=False))
SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 20},
        "price": {"type": "number", "minimum": 0},
        "line": {"type": "string", "maxLength": 60},
    },
    "required": ["title", "line"],
    "additionalProperties": False,
}
BODY = '{"title": {{title}}{?, "price": {{price}}?}, "line": "{{title}}: [[what | 2-12]]."}'


def filled(body: str = BODY, **row: str) -> Filled:
    parts = placed(parse(body))
    return fill(parts, VARIABLES, {"title": "Lamp", **row}, CHANNELS["json"], "en", as_json=True)


def full(made: Filled) -> str:
    """The text with every gap as full as it may be."""
    return "".join(piece.text if isinstance(piece, Set) else "x" * piece.chars for piece in made.pieces)


# -- schemas ---------------------------------------------------------------------------------------


def test_a_schema_of_keywords_that_are_read_is_taken() -> None:
    check_schema(SCHEMA)
    check_schema({"properties": {"pattern": {"type": "string"}, "$ref": {"enum": ["a"]}}})
    check_schema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"minLength": 1}, "maxItems": 3}]})


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "$ref is not read here"),
        ({"$defs": {"a": {}}}, "$defs is not read here"),
        ({"anyOf": [{"items": {"pattern": "(a+)+$"}}]}, "pattern is not read here"),
        ({"not": {"properties": {"a": {"format": "date"}}}}, "format is not read here"),
        ({"additionalProperties": {"patternProperties": {}}}, "patternProperties is not read here"),
        ({"type": "thing"}, "'thing' is not valid under any of the given schemas"),
        ({"maxLength": -1}, "-1 is less than the minimum of 0"),
        ({"description": "x" * 10_001}, "it has more than 10000 characters"),
    ],
)
def test_a_schema_that_cannot_be_read_is_told(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(TemplateInvalid) as error:
        check_schema(schema)
    assert why in error.value.message
    assert error.value.field == "json_schema"


# -- texts -----------------------------------------------------------------------------------------


def test_a_text_is_json_whichever_optional_pieces_there_are() -> None:
    check_text(placed(parse(BODY)), VARIABLES, CHANNELS["json"], "en")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"title": {{title}}, }', "The text is no JSON"),
        ('{{{title}}{?, "price": {{price}}?}}', "The text is no JSON"),
        ('{"title": {{title}}, {?"price": {{price}}?}}', "The text without optional piece 1 is no JSON"),
        ('{{?"price": {{price}}, ?}"title": {{title}}{?, "x": {{price}}?}', "The text is no JSON"),
    ],
)
def test_a_text_that_is_none_is_told_with_what_is_left_out(body: str, why: str) -> None:
    with pytest.raises(TemplateInvalid) as error:
        check_text(placed(parse(body)), VARIABLES, CHANNELS["json"], "en")
    assert error.value.message.startswith(why)


# -- rows ------------------------------------------------------------------------------------------


def test_gaps_are_as_wide_as_the_schema_allows_and_no_wider() -> None:
    made = bounded(filled(), SCHEMA, "en")
    (blank,) = made.blanks
    assert len(json.loads(full(made))["line"]) == 60
    assert wrong_with(full(made), SCHEMA) is None
    assert blank.chars == 60 - len("Lamp: .")
    assert blank.most < filled().blanks[0].most


def test_gaps_of_one_string_share_what_it_has() -> None:
    made = bounded(filled('{"title": {{title}}, "line": "[[what | 1-9]], [[when | 1-9]]"}'), SCHEMA, "en")
    assert len(json.loads(full(made))["line"]) == 60
    assert [blank.chars for blank in made.blanks] == [29, 29]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            {"title": "A lamp with a name that is long"},
            "$.title: 'A lamp with a name that is long' is too long",
        ),
        ({"price": "-5"}, "$.price: -5 is less than the minimum of 0"),
    ],
)
def test_facts_that_the_schema_does_not_allow_are_told(row: dict[str, str], why: str) -> None:
    with pytest.raises(FactInvalid) as error:
        bounded(filled(**row), SCHEMA, "en")
    assert why in error.value.message
    assert error.value.field == "facts"


def test_a_schema_that_leaves_no_room_for_a_gap_is_told() -> None:
    schema = {"properties": {"line": {"maxLength": 20}}}
    with pytest.raises(FactInvalid, match=r"leaves no room for \[what\]"):
        bounded(filled(), schema, "en")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"title": "Lamp", "line": "x"}', None),
        ('{"title": "Lamp"', "it is no JSON"),
        ('{"title": "Lamp", "line": 5}', "$.line: 5 is not of type 'string'."),
        ('{"title": "Lamp", "line": "x", "more": 1}', "Additional properties are not allowed"),
        (json.dumps({"title": "x" * 500, "line": "x"}), "…."),
    ],
)
def test_what_is_wrong_with_a_text_is_a_sentence(text: str, why: str | None) -> None:
    found = wrong_with(text, SCHEMA)
    assert (found is None) == (why is None)
    assert why is None or why in (found or "")
    assert len(found or "") < 260
