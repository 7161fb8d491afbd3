"""The SSE grammar of WHATWG HTML, section 9.2.6, its examples and its traps."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.client.sse import Decoder, ServerSentEvent


def read(*chunks: bytes) -> list[ServerSentEvent]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def data(*chunks: bytes) -> list[str]:
    return [event.data for event in read(*chunks)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_any_line_end(end: bytes) -> None:
    assert data(b"data: one%sdata: two%s%sdata: three%s%s" % (end, end, end, end, end)) == [
        "one\ntwo",
        "three",
    ]


def test_the_standards_examples() -> None:
    assert data(
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    ) == [
        "first event",
        "second event",
        " third event",
    ]
    assert data(b"data\n\ndata\ndata\n\ndata:") == ["", "\n"]
    assert data(b"data:test\n\ndata: test\n\n") == ["test", "test"]


def test_names_and_ids() -> None:
    events = read(b"id: 1-1\nevent: delta\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")
    assert events == [
        ServerSentEvent("delta", "a", "1-1"),
        ServerSentEvent("message", "b", "1-1"),
        ServerSentEvent("message", "c", ""),
    ]


def test_an_id_with_nul_is_ignored() -> None:
    assert read(b"id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\n")[1].id == "1"


def test_an_event_without_data_is_none_and_its_name_is_forgotten() -> None:
    assert read(b"event: x\n\ndata: a\n\n") == [ServerSentEvent("message", "a", "")]


def test_comments_and_unknown_fields_are_skipped() -> None:
    assert data(b": ping\nfoo: bar\ndata: a\n:\n\n") == ["a"]


def test_a_byte_order_mark_is_stripped_once() -> None:
    assert data(b"\xef\xbb\xbfdata: a\n\n") == ["a"]
    assert data(b"\xef", b"\xbb\xbf", b"data: a\n\n") == ["a"]
    assert data(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n") == []


def test_line_separators_of_unicode_do_not_end_lines() -> None:
    text = "a\u2028b\u2029c\x0bd\x0ce\x85f"
    assert data(f"data: {text}\n\n".encode()) == [text]


def test_bad_utf8_is_replaced() -> None:
    assert data(b"data: \xff\n\n") == ["\ufffd"]


def test_what_is_not_ended_is_dropped() -> None:
    assert data(b"data: a\n\ndata: b\n") == ["a"]


def test_retry_takes_digits_only() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: 1500\nretry: 1x\nretry: \xd9\xa3\n")
    assert decoder.retry_ms == 1500


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_where_the_bytes_are_cut_makes_no_difference(noise: bytes, cuts: list[int]) -> None:
    whole = (
        b"\xef\xbb\xbfid: 1\r\ndata: gr\xc3\xbc\xc3\x9fe\r\ndata: \xf0\x9f\xa5\x90\r\r"
        + noise
        + b"\n\ndata: z\n\n"
    )
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(places)]
    assert read(*pieces) == read(whole)
    assert read(*(bytes([byte]) for byte in whole)) == read(whole)
