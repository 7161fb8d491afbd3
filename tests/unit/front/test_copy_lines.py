"""Variables, examples and words as lines: what people write is read, and nothing is lost on the way there and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.errors import InputInvalid
from pressroom.front.pages import copy_lines

WHOLE = {"type": "text", "required": True, "options": [], "unit": "", "description": ""}


def whole(**variable: Any) -> dict[str, Any]:
    return {**WHOLE, **variable}


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("title", {"name": "title"}),
        ("title: What it is called.", {"name": "title", "description": "What it is called."}),
        ("  title :  a : b ", {"name": "title", "description": "a : b"}),
        ("material (optional)", {"name": "material", "required": False}),
        ("price (number, in EUR)", {"name": "price", "type": "number", "unit": "EUR"}),
        ("price (in EUR, optional): x", {"name": "price", "type": "number", "unit": "EUR", "required": False, "description": "x"}),
        ("size (one of small; very large)", {"name": "size", "type": "choice", "options": ["small", "very large"]}),
        ("size (optional, one of a, b; c): d", {"name": "size", "type": "choice", "required": False, "options": ["a, b", "c"], "description": "d"}),
        ("colours (list): several (or none)", {"name": "colours", "type": "list", "description": "several (or none)"}),
        ("colour（optional，list）：颜色", {"name": "colour", "type": "list", "required": False, "description": "颜色"}),
    ],
)  # fmt: skip
def test_a_line_is_a_variable(line: str, variable: dict[str, Any]) -> None:
    assert copy_lines.read_variables(f"\n{line}\n\n") == [variable]
    written = copy_lines.write_variables([whole(**variable)])
    assert [whole(**each) for each in copy_lines.read_variables(written)] == [whole(**variable)]
    assert not written.startswith("[")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title\nTitle", "Line 2: 'Title' is no name of a variable"),
        ("two words", "Line 1: a variable is a name"),
        ("title\n\n\nsize (big)", "Line 4: 'big' cannot be said here; what can: optional, text, number"),
        ("price (list, in EUR)", "Line 1: 'in EUR' cannot be said here"),
        ("price (number, text)", "Line 1: 'text' cannot be said here"),
        ("title (", "Line 1: "),
        (": what", "Line 1: "),
        ("[", "This is not JSON: "),
        ('[{"name": "a", "name": "b"}]', "This gives 'name' twice in one object."),
    ],
)
def test_a_line_that_is_no_variable_says_which_and_why(text: str, told: str) -> None:
    with pytest.raises(InputInvalid) as wrong:
        copy_lines.read_variables(text)
    assert wrong.value.message.startswith(told)
    assert wrong.value.field == "variables"


def test_examples_are_blocks_of_facts_and_gaps() -> None:
    text = "\n\ntitle: Oslo: a lamp\nuse： reading\n> for long evenings\n>warm\n \n\ntitle: Mug\n"
    found = copy_lines.read_examples(text)
    assert found == [
        {"facts": {"title": "Oslo: a lamp", "use": "reading"}, "gaps": ["for long evenings", "warm"]},
        {"facts": {"title": "Mug"}, "gaps": []},
    ]
    assert copy_lines.read_examples(copy_lines.write_examples(found)) == found
    assert copy_lines.read_examples(" \n") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: x\nwhat is this", "Line 2: a line is a fact"),
        ("title: x\ntitle: y", "Line 2: title stands twice in one example"),
        ("My Title: x", "Line 1: 'My Title' is no name"),
        ("[1", "This is not JSON"),
    ],
)
def test_a_line_that_is_of_no_example_says_which_and_why(text: str, told: str) -> None:
    with pytest.raises(InputInvalid) as wrong:
        copy_lines.read_examples(text)
    assert wrong.value.message.startswith(told)
    assert wrong.value.field == "examples"


def test_words_and_texts_are_lists() -> None:
    assert copy_lines.read_words("cheap, bargain\nbuy  now；折扣、cheap\n") == [
        "cheap",
        "bargain",
        "buy now",
        "折扣",
    ]
    assert copy_lines.read_texts("One.\nStill one.\n\n \nTwo.") == ["One.\nStill one.", "Two."]
    assert copy_lines.read_texts("[New] It is here.") == ["[New] It is here."]
    assert copy_lines.read_words('["buy now, pay later"]') == ["buy now, pay later"]
    assert copy_lines.write_words(["buy now, pay later"]).startswith("[")
    assert copy_lines.plain("a\r\nb\rc") == "a\nb\nc"


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
TEXTS = st.text(st.sampled_from("ab ,;:()[]>\n\"'、：（）é折"), max_size=12)
VARIABLES = st.lists(
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "type": st.sampled_from(["text", "number", "list", "locale", "choice"]),
            "required": st.booleans(),
            "options": st.lists(TEXTS.filter(bool), max_size=3),
            "unit": TEXTS,
            "description": TEXTS,
        }
    ),
    max_size=4,
)


@given(VARIABLES)
def test_no_variable_is_changed_by_being_written_as_lines(variables: list[dict[str, Any]]) -> None:
    found = copy_lines.read_variables(copy_lines.write_variables(variables))
    assert [whole(**each) for each in found] == variables


@given(st.lists(st.fixed_dictionaries({"facts": st.dictionaries(NAMES, TEXTS, max_size=3), "gaps": st.lists(TEXTS, max_size=3)}), max_size=3))  # fmt: skip
def test_no_example_is_changed_by_being_written_as_lines(examples: list[dict[str, Any]]) -> None:
    assert copy_lines.read_examples(copy_lines.write_examples(examples)) == examples


@given(st.lists(TEXTS, max_size=4))
def test_no_list_is_changed_by_being_written_as_lines(items: list[str]) -> None:
    assert copy_lines.read_words(copy_lines.write_words(items)) == items
    assert copy_lines.read_texts(copy_lines.write_texts(items)) == items


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        copy_lines.read_variables,
        copy_lines.read_examples,
        copy_lines.read_words,
        copy_lines.read_texts,
    ):
        try:
            read(text)
        except InputInvalid:
            continue
