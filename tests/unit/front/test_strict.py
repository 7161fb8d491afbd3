"""JSON and query strings, read so that nothing can be understood in two ways."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.errors import InputInvalid
from pressroom.front.errors import MalformedBody, MalformedText
from pressroom.front.strict import check_query, check_text, read_json

FINE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(FINE, st.booleans())
def test_every_plain_document_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(MalformedBody, MalformedText, InputInvalid):
        read_json(body)


def test_a_byte_order_mark_is_no_json() -> None:
    with pytest.raises(MalformedBody):
        read_json(b"\xef\xbb\xbf{}")


def test_the_refusal_of_a_doubled_key_names_it() -> None:
    with pytest.raises(MalformedBody, match="'b'"):
        read_json(b'{"a": {"b": 1, "c": 2, "b": 3}}')


def test_the_same_key_in_two_objects_is_fine() -> None:
    assert read_json(b'{"a": {"a": 1}}') == {"a": {"a": 1}}


@pytest.mark.parametrize("text", ["\ud83d", "a\udc00", "é\ud800é"])
def test_half_a_pair_is_found(text: str) -> None:
    with pytest.raises(InputInvalid) as refused:
        check_text({"a": ["b", {"c": text}]})
    assert refused.value.field == "a.1.c"


def test_a_whole_pair_is_a_character() -> None:
    assert read_json(b'"\\ud83e\\udd50"') == "🥐"


@pytest.mark.parametrize("query", [b"a=%c3%28", b"%ff", b"a=%00", b"a=1%00", b"\xff"])
def test_a_query_must_be_text(query: bytes) -> None:
    with pytest.raises(MalformedText):
        check_query(query, [], frozenset({"a"}))


def test_a_query_holds_each_known_name_once() -> None:
    check_query(b"a=1&b=%C3%A9+x", [("a", ["1"]), ("b", ["é x"])], frozenset({"a", "b"}))
    with pytest.raises(InputInvalid, match="takes: a"):
        check_query(b"c=1", [("c", ["1"])], frozenset({"a"}))
    with pytest.raises(InputInvalid, match="takes none"):
        check_query(b"c=1", [("c", ["1"])], frozenset())
    with pytest.raises(InputInvalid, match="once"):
        check_query(b"a=1&a=2", [("a", ["1", "2"])], frozenset({"a"}))
