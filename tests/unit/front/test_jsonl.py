"""JSON lines in pieces: whatever the pieces, the lines are those of the whole; and no more is held than one."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge

from pressroom.domain.errors import PressroomError
from pressroom.front.errors import MalformedBody, UnsupportedBody
from pressroom.front.jsonl import chunks_of, lines_of, rows_of

LONGEST = 20


def expected(body: bytes) -> list[tuple[int, bytes | None]]:
    """What the lines of a whole body are, told in the plainest way."""
    found: list[tuple[int, bytes | None]] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if len(line) > LONGEST:
            found.append((number, None))
        elif line.strip():
            found.append((number, line))
    return found


def cut(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places} | {len(body)})
    return [body[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]


@given(
    st.lists(st.text("ab \r\n", max_size=45).map(str.encode)).map(b"\n".join),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_the_pieces_do_not_matter(body: bytes, places: list[int]) -> None:
    assert list(lines_of(iter(cut(body, places)), LONGEST)) == expected(body)


def test_a_line_without_end_is_not_held() -> None:
    seen = 0

    def endless() -> Iterator[bytes]:
        nonlocal seen
        for _ in range(10_000):
            seen += 1_000
            yield b"x" * 1_000
        yield b"\nend"

    assert list(lines_of(endless(), LONGEST)) == [(1, None), (2, b"end")]
    assert seen == 10_000_000


def test_lines_come_before_the_body_has_ended() -> None:
    def body() -> Iterator[bytes]:
        yield b"one\ntw"
        raise AssertionError("more was read than the first line needs")

    assert next(lines_of(body(), LONGEST)) == (1, b"one")


def rows(*lines: bytes, **defaults: Any) -> list[Any]:
    return list(rows_of(lines_of(iter([b"\n".join(lines)]), 500), defaults, 500))


def test_a_row_is_what_its_line_and_the_defaults_say() -> None:
    first, second = rows(
        b'{"input": {"prompt": "a"}, "custom_id": "x"}', b'{"model": "own"}', model="m", priority=2
    )
    assert (first.n, first.custom_id, first.size) == (1, "x", 44)
    assert (first.request.model, first.request.priority, first.request.input.prompt) == ("m", 2, "a")
    assert (second.n, second.custom_id, second.request.model) == (2, None, "own")


def test_a_row_that_is_wrong_keeps_its_name() -> None:
    (row,) = rows(b'{"custom_id": "x", "priority": 11, "colour": 1}')
    assert row.custom_id == "x"
    assert isinstance(row.request, PressroomError)
    assert row.request.code == "input_invalid"
    assert "2 more of the row's fields" in row.request.message


@pytest.mark.parametrize("custom_id", [b"7", b"null", b'""', b'"' + b"x" * 256 + b'"', b'["x"]'])
def test_a_name_that_is_none_is_not_kept(custom_id: bytes) -> None:
    (row,) = rows(b'{"priority": 11, "custom_id": ' + custom_id + b"}")
    assert row.custom_id is None
    assert isinstance(row.request, PressroomError)


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_good_or_bad(line: bytes) -> None:
    for row in rows(line):
        assert isinstance(row.request, PressroomError)


def body_of(data: bytes, most: int = 10_000, **headers: Any) -> bytes:
    app = Flask(__name__)
    wanted = {"Content-Type": "application/x-ndjson"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    with app.test_request_context(method="POST", data=data, headers=wanted) as context:
        given_request: Request = context.request
        return b"".join(chunks_of(given_request, most))


def test_a_body_is_what_was_sent() -> None:
    data = json.dumps("é" * 4_000).encode()
    assert body_of(data, 50_000) == data
    assert body_of(data, len(data)) == data
    with pytest.raises(RequestEntityTooLarge):
        body_of(data, len(data) - 1)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_a_packed_body_is_what_was_packed(members: list[bytes]) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    assert body_of(packed, Content_Encoding="gzip") == b"".join(members)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_packed_body_that_was_cut_is_never_whole(body: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(body)
    cut_at = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(MalformedBody):
        body_of(packed[:cut_at], Content_Encoding="gzip")


def test_a_body_shorter_than_its_length_has_broken_off() -> None:
    """As gunicorn shows it: it says that the stream ends by itself, and then it ends too soon."""
    app = Flask(__name__)
    with (
        app.test_request_context(
            method="POST",
            data=b"{}\n",
            headers={"Content-Type": "application/x-ndjson"},
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "10"},
        ) as context,
        pytest.raises(MalformedBody, match="broke off"),
    ):
        list(chunks_of(context.request, 100))


@pytest.mark.parametrize(
    "headers", [{"Content_Type": "text/csv"}, {"Content_Encoding": "br"}, {"Content_Encoding": "gzip, gzip"}]
)
def test_other_bodies_are_refused_before_they_are_read(headers: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedBody):
        body_of(b"{}", **headers)
