"""Templates: how they are read, and what is wrong with them, with its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.copy.template import (
    Fact,
    Gap,
    Include,
    Optional,
    Part,
    TemplateInvalid,
    Variable,
    Words,
    check_variables,
    expand,
    facts_in,
    free,
    includes_in,
    needed,
    parse,
)


def test_a_template_is_read_into_its_parts() -> None:
    body = "{{title}} [[what it is for | 4-10]]. {?Made of {{ material | short }}, [[how it feels]]. ?}{{> closing}}"
    assert parse(body) == (
        Fact("title"),
        Words(" "),
        Gap("what it is for", 4, 10),
        Words(". "),
        Optional(
            (Words("Made of "), Fact("material", short=True), Words(", "), Gap("how it feels"), Words(". "))
        ),
        Include("closing"),
    )


def test_facts_includes_and_what_is_needed_are_found() -> None:
    parts = parse("{{a}} {?{{b}} {{> x}}?} {{a}} {{> y}}")
    assert (facts_in(parts), includes_in(parts), needed(parts)) == (("a", "b"), ("x", "y"), frozenset("a"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{title", "Line 1, column 1: this mark is not closed"),
        ("a\n b }} c", "Line 2, column 4"),
        ("[[hint", "not closed"),
        ("{{Title}}", "no name of a variable"),
        ("{{ti tle}}", "no name of a variable"),
        ("{{}}", "no name of a variable"),
        ("{{title|upper}}", "only |short"),
        ("[[]]", "says what belongs into it"),
        ("[[x | many]]", "1 to 40"),
        ("[[x | 9-3]]", "1 to 40"),
        ("[[x | 0-3]]", "1 to 40"),
        ("[[x | 1-41]]", "1 to 40"),
        ("{?a {?{{b}}?}?}", "does not stand in another"),
        ("a ?}", "closes nothing"),
        ("{?{{a}}", "is not closed"),
        ("{?words alone?}", "has a fact or a gap"),
        ("{{> Bad Name}}", "includes a template by its name"),
        ("{{>}}", "includes a template by its name"),
        ("", "1 to 200 parts"),
        ("{{a}} " * 101, "1 to 200 parts"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(body: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as wrong:
        parse(body)
    assert said in wrong.value.message
    assert wrong.value.field == "body"


def test_templates_are_made_of_one_another() -> None:
    bodies = {"whole": "{{a}} {{> middle}}.", "middle": "m {{> end}}", "end": "{{b}}"}
    assert expand("whole", bodies) == (Fact("a"), Words(" "), Words("m "), Fact("b"), Words("."))


@pytest.mark.parametrize(
    ("bodies", "said"),
    [
        ({"a": "{{> a}}"}, "refers to itself: a → a"),
        ({"a": "x {{> b}}", "b": "{{> c}}", "c": "{?{{y}} {{> a}}?}"}, "refers to itself: a → b → c → a"),
        ({"a": "{{> nobody}}"}, "no template nobody"),
        ({chr(97 + n): f"{{{{> {chr(98 + n)}}}}}" for n in range(12)}, "more than 8 deep"),
        ({"a": "{?{{x}} {{> b}}?}", "b": "{?{{y}}?}"}, "none of its own"),
    ],
)
def test_one_that_comes_back_to_itself_is_refused(bodies: dict[str, str], said: str) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        expand("a", bodies)


def test_the_same_part_twice_is_no_circle() -> None:
    assert expand("a", {"a": "{{> b}} {{> b}}", "b": "x"}) == (Words("x"), Words(" "), Words("x"))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ((Variable("title"),), "material}} is no variable"),
        ((Variable("title"), Variable("material"), Variable("title")), "declared twice"),
        ((Variable("title"), Variable("Material")), "no name of a variable"),
        ((Variable("title", required=False), Variable("material")), "stands in an optional piece"),
        ((Variable("title", "choice"), Variable("material")), "a choice has options"),
        ((Variable("title", options=("a",)), Variable("material")), "a choice has options"),
    ],
)
def test_facts_and_variables_go_together(variables: tuple[Variable, ...], said: str) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        check_variables(parse("{{title}} {?{{material}}?}"), variables)


def test_what_may_have_no_value_stands_in_what_is_optional() -> None:
    check_variables(
        parse("{{title}} {?{{material}}?}"), (Variable("title"), Variable("material", required=False))
    )


@given(st.text(alphabet="{}[]?>|ab 1-", max_size=60))
def test_reading_ends_with_parts_or_with_a_sentence(body: str) -> None:
    try:
        parts = parse(body)
    except TemplateInvalid:
        return
    assert parts


# -- ways ------------------------------------------------------------------------------------------


def test_a_gap_has_ways_to_begin_and_ways_to_be() -> None:
    (gap,) = parse("[[how it feels | 2-6 | feels …; is soft ;  looks good to me; is soft]]")
    assert gap == Gap("how it feels", 2, 6, ("feels …", "is soft", "looks good to me"))
    (gap,) = parse("[[感受 | 3-8 | 摸着舒服；好看，也好用]]")
    assert gap == Gap("感受", 3, 8, ("摸着舒服", "好看，也好用"))


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ("feels soft; lasts 3 years", "'lasts 3 years' is no way to fill a gap"),
        ("feels soft; Oslo made", "'Oslo made' is no way to fill a gap"),
        ("feels soft; … and warm", "'… and warm' is no way to fill a gap"),
        ("feels soft;", "'' is no way to fill a gap"),
        ("feels soft.; feels warm", "'feels soft.' is no way to fill a gap"),
        ("soft", "'soft' has not 2 to 4 words"),
        ("soft and warm and light", "'soft and warm and light' has not 2 to 4 words"),
        (
            "; ".join(f"is {'so ' * (n % 2)}{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(61)),
            "60 ways at most",
        ),
    ],
)
def test_a_way_that_is_none_is_told_with_its_place(ways: str, why: str) -> None:
    with pytest.raises(TemplateInvalid, match=re.escape(why)) as told:
        parse(f"A lamp.\nIt [[how | 2-4 | {ways}]].")
    assert told.value.message.startswith("Line 2, column 4: ")


def test_free_gaps_have_no_ways() -> None:
    parts = parse("A [[what | 1-3 | soft; warm …]]{? {{use}} [[when | 1-3 | daily]]?}.")
    assert not [each for each in _gaps(free(parts)) if each.ways]
    assert [each.hint for each in _gaps(free(parts))] == ["what", "when"]


def _gaps(parts: tuple[Part, ...]) -> list[Gap]:
    return [
        each
        for part in parts
        for each in (part.parts if isinstance(part, Optional) else (part,))
        if isinstance(each, Gap)
    ]


# -- what is said of a fact ------------------------------------------------------------------------


def test_a_fact_may_be_cut_or_left_out_with_its_piece() -> None:
    assert parse("{{a|short}}{? {{b | new}}?}") == (
        Fact("a", short=True),
        Optional((Words(" "), Fact("b", new=True))),
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{a|upper}}", "only |short and |new can be said of a fact"),
        ("{{a|new}}", "|new stands in an optional piece"),
    ],
)
def test_what_cannot_be_said_of_a_fact_is_told(body: str, why: str) -> None:
    with pytest.raises(TemplateInvalid, match=re.escape(why)):
        parse(body)
