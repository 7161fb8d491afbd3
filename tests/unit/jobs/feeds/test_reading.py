"""Feeds as rows: every way in which a table is written, and every way in which a row of it can be wrong."""

import codecs
import json
import tracemalloc
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.errors import InputInvalid
from pressroom.jobs.feeds.decoding import LONGEST_LINE, lines_of
from pressroom.jobs.feeds.reading import LONGEST_CELL, FeedRow, Form, Table, read

HEADER = "id,title,colour\n"


def table(content: str | bytes, form: Form = "csv") -> Table:
    """Read in pieces that cut characters and lines anywhere."""
    raw = content.encode() if isinstance(content, str) else content
    piece = 7 if len(raw) < 10_000 else 4_099
    return read(lines_of(raw[at : at + piece] for at in range(0, len(raw), piece)), form)


def rows(content: str | bytes, form: Form = "csv") -> list[FeedRow]:
    return list(table(content, form).rows)


def told(content: str | bytes, form: Form = "csv") -> list[object]:
    """The values of good rows, the sentences of others."""
    return [
        list(row.values.values()) if row.wrong is None else row.wrong.message for row in rows(content, form)
    ]


# -- how tables are written ------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [",", ";", "\t", "|"])
def test_cells_are_apart_as_the_header_says(between: str) -> None:
    found = table(f"id{between}title\n1{between}Lamp, Desk; x\n".replace("Lamp, Desk; x", "Lamp"))
    assert found.columns == ("id", "title")
    assert [dict(row.values) for row in found.rows] == [{"id": "1", "title": "Lamp"}]


@pytest.mark.parametrize(
    "encoded",
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_is_read_whatever_it_is_encoded_in(encoded: str, end: str) -> None:
    text = f"id,title{end}1,Crème lamp 灯 🌿{end}2,“b”{end}"
    assert told(text.encode(encoded)) == [["1", "Crème lamp 灯 🌿"], ["2", "“b”"]]


def test_utf16_with_its_mark_from_the_other_end() -> None:
    assert told(codecs.BOM_UTF16_BE + "id\n灯\n".encode("utf-16-be")) == [["灯"]]


def test_quotes_hold_what_cells_are_apart_by_and_ends_of_lines() -> None:
    content = 'id,title,note\n1,"Lamp, tall","two\nlines and a ""quote"""\n2,"5"" pipe",\n3, padded ,x\n'
    assert told(content) == [
        ["1", "Lamp, tall", 'two\nlines and a "quote"'],
        ["2", '5" pipe', ""],
        ["3", "padded", "x"],
    ]
    assert [row.line for row in rows(content)] == [2, 4, 5]


def test_a_quote_in_the_middle_of_a_cell_is_that_sign() -> None:
    assert told('id,title\n1,5" pipe\n2,b\n') == [["1", '5" pipe'], ["2", "b"]]


def test_blank_lines_and_a_last_line_without_end_are_no_matter() -> None:
    assert told("id,title\n\n1,a\n\n\n2,b") == [["1", "a"], ["2", "b"]]


def test_rows_of_json_have_the_columns_of_the_first() -> None:
    lines = ['{"id": 7, "tags": ["a", "b"], "on": true, "price": 9.5, "none": null}', "", '{"id": "8"}']
    found = table("\n".join(lines), "jsonl")
    assert found.columns == ("id", "tags", "on", "price", "none")
    assert [dict(row.values) for row in found.rows] == [
        {"id": "7", "tags": "a; b", "on": "yes", "price": "9.5", "none": ""},
        {"id": "8"},
    ]


# -- what is wrong with a feed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("id,,title\n", "Column 2 of the feed has no name"),
        ("id,id\n", "two columns of the name 'id'"),
        ('"id,title\n1,2\n', "names no columns"),
        (b"id,\xe9\n", "no UTF-8"),
        (b"id,\0\n", "NUL"),
        (",".join(f"c{n}" for n in range(401)), "at most 400"),
        ("ab".encode("utf-16") + b"\x00", "no whole UTF-16"),
    ],
)
def test_a_header_that_is_none_is_refused(content: str | bytes, said: str) -> None:
    with pytest.raises(InputInvalid, match=said):
        rows(content)


@pytest.mark.parametrize("content", ["", "[1]\n", "{no json\n" * 3])
def test_json_without_an_object_is_refused(content: str) -> None:
    with pytest.raises(InputInvalid, match="no row that is a JSON object"):
        rows(content, "jsonl")


# -- what is wrong with a row ----------------------------------------------------------------------------

GOOD = ["1", "Lamp", "red"]
LAST = ["9", "Desk", "oak"]


@pytest.mark.parametrize(
    ("between", "said"),
    [
        (b"2,Mug\n", "Line 3: the row has 2 cells, and the header 3."),
        (b"2,Mug,blue,large\n", "Line 3: the row has 4 cells, and the header 3."),
        (b"2,M\0g,blue\n", "Line 3: the row has a NUL, its byte 4."),
        (b"2,M\xfcg,blue\n", "Line 3: the row is no UTF-8: its byte 4 is 0xFC. Save the file as UTF-8."),
        (b'2,"Mug"s,blue\n', "Line 3: the row goes on behind a closed quote"),
        (
            b"2," + b"x" * (LONGEST_CELL + 1) + b",blue\n",
            "Line 3: the row has a cell of more than 131,072 characters.",
        ),
        (b"2," + b"x" * (LONGEST_LINE + 1) + b",blue\n", "Line 3: the row is longer than 1,048,576 bytes."),
        (b'2,"Mug\nwith \0 in it",blue\n3,"c",d\n', "Lines 3 to 5: the row has a NUL"),
    ],
)
def test_a_row_that_is_wrong_names_its_line_and_the_others_go_on(between: bytes, said: str) -> None:
    found = told(HEADER.encode() + b"1,Lamp,red\n" + between + b"9,Desk,oak\n")
    assert found[0] == GOOD
    assert found[-1] == LAST
    (wrong,) = [each for each in found if isinstance(each, str)]
    assert wrong.startswith(said)


def test_a_quote_that_is_never_closed_takes_what_is_behind_along_and_says_how_far() -> None:
    content = HEADER + '1,Lamp,red\n2,"Mug,blue\n3,a,b\n4,c,d\n'
    assert told(content)[0] == GOOD
    assert told(content)[1] == "Lines 3 to 5: the row has a quote that is not closed."


def test_a_cell_of_very_many_lines_is_passed_over_to_its_end() -> None:
    giant = '2,"' + "x" * 99 + "\n" + ("y" * 99 + "\n") * 20_000 + 'z",blue\n'
    found = told(HEADER + "1,Lamp,red\n" + giant + "9,Desk,oak\n")
    assert (found[0], found[-1], len(found)) == (GOOD, LAST, 3)
    assert str(found[1]).startswith("Lines 3 to 20004: the row has a cell of more than")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{no json", "Line 2: the row is no JSON"),
        ("[1]", "Line 2: the row is no JSON object."),
        ('{"a": {"b": 1}}', "Line 2: the row has an object in 'a'"),
        ('{"a": "\\u0000"}', "Line 2: the row has a NUL in 'a'"),
        ('{"a": ["x", "\\u0000"]}', "Line 2: the row has a NUL in 'a'"),
        ('{"a": "1", "\\u0000": "2"}', "Line 2: the row has a NUL in '\\x00'"),
        ('{"a": "\\ud83d"}', "Line 2: the row has half a character in 'a'"),
        ('{"a": ["\\udc00"]}', "Line 2: the row has half a character in 'a'"),
        ('{"a": "1", "\\ud83d": "2"}', "Line 2: the row has half a character in '\\ud83d'"),
        ('{"a": NaN}', "Line 2: the row is no JSON (NaN is no number)"),
        ("[" * 100_000, "Line 2: the row is no JSON"),
    ],
)
def test_a_row_of_json_that_is_wrong_names_its_line(line: str, said: str) -> None:
    found = told(f'{{"a": "1"}}\n{line}\n{{"a": "3"}}\n', "jsonl")
    assert (found[0], found[2]) == (["1"], ["3"])
    assert str(found[1]).startswith(said)


# -- how much of it is in memory -------------------------------------------------------------------------


def _pieces(count: int) -> Iterator[bytes]:
    yield HEADER.encode()
    yield from (f'{n},"Lamp, number {n}",red\n'.encode() for n in range(count))


def test_a_hundred_thousand_rows_take_the_memory_of_one() -> None:
    tracemalloc.start()
    try:
        seen = 0
        for row in read(lines_of(_pieces(100_000)), "csv").rows:
            assert row.values["title"] == f"Lamp, number {row.n - 1}"
            seen += 1
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == 100_000
    assert most < 2_000_000


def test_a_cell_of_a_gigabyte_takes_no_more_memory_than_a_line() -> None:
    def feed() -> Iterator[bytes]:
        yield HEADER.encode() + b"1,Lamp,red\n2,"
        for _ in range(1_024):
            yield b"x" * 1_048_576
        yield b",blue\n9,Desk,oak\n"

    tracemalloc.start()
    try:
        found = [row.wrong is None for row in read(lines_of(feed()), "csv").rows]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [True, False, True]
    assert most < 8 * LONGEST_LINE


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    ),
    st.integers(1, 50),
)
def test_what_the_standard_library_writes_is_read_as_it_was(written: list[list[str]], piece: int) -> None:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["first", "second"])
    writer.writerows(written)
    raw = out.getvalue().encode()
    found = read(lines_of(raw[at : at + piece] for at in range(0, len(raw), piece)), "csv")
    assert [list(row.values.values()) for row in found.rows] == [
        [cell.strip() for cell in row] for row in written
    ]


@given(st.binary(max_size=300))
def test_whatever_comes_ends_with_rows_or_with_a_sentence(raw: bytes) -> None:
    forms: tuple[Form, ...] = ("csv", "jsonl")
    for form in forms:
        try:
            for row in read(lines_of(iter([raw])), form).rows:
                assert row.wrong is None or row.wrong.message
        except InputInvalid as error:
            assert error.field == "feed"  # noqa: PT017 (both ends are good)


def test_numbers_of_json_are_as_they_stand_there() -> None:
    (row,) = rows(
        '{"a": 19.90, "b": 1e400, "c": [1.0, "x", 2], "d": 123456789012345678901234567890}', "jsonl"
    )
    assert row.values == {
        "a": "19.90",
        "b": "1e400",
        "c": "1.0; x; 2",
        "d": "123456789012345678901234567890",
    }


def test_json_is_chained_from_the_first_good_row() -> None:
    content = "\n".join(chain(["x"], (json.dumps({"a": n}) for n in range(3))))
    assert [row.wrong is None for row in rows(content, "jsonl")] == [False, True, True, True]
