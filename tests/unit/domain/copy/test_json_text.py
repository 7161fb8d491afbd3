"""Texts that are JSON: where facts stand in them, and how they are written there."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import FactInvalid, Set, fill
from pressroom.domain.copy.json_text import by_itself, in_string, placed
from pressroom.domain.copy.template import TemplateInvalid, Variable, facts_in, parse

VARIABLES = (
    Variable("title"),
    Variable("price", "number", required=False),
    Variable("width", "number", required=False, unit="cm"),
    Variable("colours", "list", required=False),
    Variable("grade", "choice", required=False, options=("New", "Used")),
)


def told(body: str, **row: str) -> Any:
    """What the text says, with its gaps empty."""
    filled = fill(
        placed(parse(body)), VARIABLES, {"title": "Lamp", **row}, CHANNELS["json"], "en", as_json=True
    )
    return json.loads("".join(piece.text if isinstance(piece, Set) else "…" for piece in filled.pieces))


def test_facts_are_written_as_their_place_asks() -> None:
    body = (
        '{"title": {{title}}, "line": "{{title}} in {{colours}}, {{width}}", "price": {{price}}, "width": {{width}}, '
        '"colours": {{colours}}, "grade": {{grade}}}'
    )
    row = {"price": "1200.50", "width": "60", "colours": 'red; "matt" black', "grade": "used"}
    assert told(body, **row) == {
        "title": "Lamp",
        "line": 'Lamp in red and "matt" black, 60 cm',
        "price": 1200.5,
        "width": 60,
        "colours": ["red", '"matt" black'],
        "grade": "Used",
    }


def test_optional_pieces_have_whole_members_or_stand_in_a_string() -> None:
    body = '{"title": "{{title}}{? in {{colours}}?}"{?, "price": {{price}}?}, "text": "[[what | 1-3]]{? ({{grade}})?}"}'
    assert told(body) == {"title": "Lamp", "text": "…"}
    assert told(body, colours="red", price="5", grade="New") == {
        "title": "Lamp in red",
        "price": 5,
        "text": "… (New)",
    }


@given(st.text(max_size=60).filter(str.strip))
def test_whatever_a_fact_is_the_text_is_json_and_says_it(value: str) -> None:
    said = told('{"a": "{{title}}", "b": {{title}}}', title=value)
    assert said == {"a": " ".join(value.split()), "b": " ".join(value.split())}


@pytest.mark.parametrize("value", ["1,200.50", "1.200,50", "01", "+5", "5.", "1 200"])
def test_a_number_that_is_none_of_json_is_told_where_it_stands_by_itself(value: str) -> None:
    with pytest.raises(FactInvalid, match=r"price is a number of JSON, such as 1200\.5") as error:
        told('{"price": {{price}}{?, "x": {{title}}?}}', price=value)
    assert error.value.field == "price"
    assert told('{"price": "{{price}}"}', price=value) == {"price": value}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"title": [[what it is]]}', "[[what it is]] is in no string"),
        ('{"title": "{{title}}}', "A string of the JSON is not closed"),
        ('{"title": {{title|short}}}', "{{title|short}} can only be cut in a string"),
        ('{"title": "{{title}}{?, {{price}}"?}}', "An optional piece has the whole of a string"),
        ('{"title": "a \\"{{title}}" }"', "A string of the JSON is not closed"),
    ],
)
def test_a_text_that_could_be_no_json_is_told(body: str, why: str) -> None:
    with pytest.raises(TemplateInvalid) as error:
        placed(parse(body))
    assert why in error.value.message
    assert error.value.field == "body"


def test_quotes_that_are_escaped_do_not_end_a_string() -> None:
    parts = placed(parse('{"a": "say \\"{{title}}\\" twice", "b": "\\\\", "c": {{price}}}'))
    assert [part.bare for part in parts if hasattr(part, "bare")] == [False, True]
    assert facts_in(parts) == ("title", "price")


def test_what_is_escaped_and_what_is_not() -> None:
    assert in_string('a "b" \\ ü') == 'a \\"b\\" \\\\ ü'
    assert by_itself(Variable("x"), "a", ()) == '"a"'
    assert by_itself(Variable("x", "number", unit="cm"), "5 cm", ()) == "5"
    assert by_itself(Variable("x", "number"), "five", ()) is None
