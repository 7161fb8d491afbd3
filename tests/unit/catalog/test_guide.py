"""A guide is checked before a job is taken: what is wrong with it is said, and nothing is fetched for it."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pressroom.catalog.guide import MOST_SCHEMA_BYTES, GuideInvalid, check_guide
from pressroom.contract.guide import AnyGuide, Guide

_SHAPE: TypeAdapter[AnyGuide] = TypeAdapter(Guide)


def _json(schema: Any) -> dict[str, Any]:
    return {"type": "json", "schema": schema}


@pytest.mark.parametrize(
    "given",
    [
        _json(
            {"type": "object", "properties": {"a": {"type": "string", "maxLength": 60}}, "required": ["a"]}
        ),
        _json({}),
        _json({"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}),
        {"type": "regex", "pattern": "[A-Z]{2}-[0-9]+"},
        {"type": "choice", "choices": ["(", "a|b", "日本", "#", "/"]},
    ],
    ids=["schema", "any JSON", "recursive schema", "regex", "strange choices"],
)
def test_good_ones(given: dict[str, Any]) -> None:
    check_guide(_SHAPE.validate_python(given))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"type": "regex", "pattern": "((("}, "unclosed group"),
        ({"type": "regex", "pattern": "(?=a)b"}, "look-around"),
        ({"type": "regex", "pattern": r"(a)\1"}, "backreferences"),
        (_json({"type": "nope"}), "Invalid type: nope"),
        (_json({"type": "string", "pattern": "(("}), "unclosed group"),
        (_json({"not": {"type": "string"}}), "not"),
        (_json({"type": "string", "format": "weird"}), "weird"),
        (_json({"type": "integer", "minimum": 5, "maximum": 3}), "Unsatisfiable"),
        (_json({"$ref": "http://127.0.0.1:9/schema"}), "does not fetch"),
        (_json({"$ref": "file:///etc/passwd"}), "does not fetch"),
        (_json({"$ref": "#/$defs/none"}), "none"),
        (_json({"enum": ["x" * MOST_SCHEMA_BYTES]}), "bytes"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_ones_say_why_in_one_line(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(GuideInvalid, match=reason) as refused:
        check_guide(_SHAPE.validate_python(given))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "given",
    [
        {"type": "regex"},
        {"type": "regex", "pattern": ""},
        {"type": "regex", "pattern": "a" * 4001},
        {"type": "regex", "pattern": "a", "schema": {}},
        {"type": "choice", "choices": []},
        {"type": "choice", "choices": [""]},
        {"type": "choice", "choices": ["a"] * 201},
        {"type": "json"},
        {"type": "json", "schema": "string"},
        {"type": "lark", "pattern": "a"},
        {"pattern": "a"},
    ],
    ids=str,
)
def test_what_has_not_the_form_of_one(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _SHAPE.validate_python(given)


def test_it_is_stored_as_it_was_written() -> None:
    for given in (
        _json({"enum": [1]}),
        {"type": "regex", "pattern": "a"},
        {"type": "choice", "choices": ["a"]},
    ):
        stored = _SHAPE.dump_python(_SHAPE.validate_python(given), mode="json")
        assert stored == given
        assert _SHAPE.validate_python(stored) == _SHAPE.validate_python(given)
