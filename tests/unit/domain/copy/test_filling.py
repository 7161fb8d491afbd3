"""A template and a row: what stands fast, what is left out, and what room the gaps get."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import (
    Blank,
    FactInvalid,
    FactMissing,
    FactsTooLong,
    Filled,
    Set,
    check_row,
    fill,
    margin,
)
from pressroom.domain.copy.template import Variable, parse

TITLE = Variable("title")
VARIABLES = (
    TITLE,
    Variable("material", required=False),
    Variable("width", "number", required=False, unit="cm"),
    Variable("colours", "list", required=False),
    Variable("grade", "choice", required=False, options=("New", "Used")),
    Variable("language", "locale", required=False),
)
BODY = "{{title}} [[what it is for | 4-10]].{? Made of {{material}}, [[how it feels | 3-8]].?}{? In {{colours}}.?}"


def filled(body: str = BODY, channel: str = "product_description", locale: str = "en", **row: str) -> Filled:
    return fill(parse(body), VARIABLES, {"title": "Oslo Lamp", **row}, CHANNELS[channel], locale)


def shown(made: Filled) -> str:
    """The text with its gaps as they are told: words, and a capital where it begins a sentence."""
    return "".join(
        piece.text
        if isinstance(piece, Set)
        else f"<{'W' if piece.large else 'w'}{piece.fewest}-{piece.most}>"
        for piece in made.pieces
    )


def test_facts_stand_fast_and_pieces_without_them_are_left_out() -> None:
    assert shown(filled()) == "Oslo Lamp <w4-10>."
    made = filled(material="oak", colours="red; matt  black|white")
    assert shown(made) == "Oslo Lamp <w4-10>. Made of oak, <w3-8>. In red, matt black and white."
    assert made.facts == {"title": "Oslo Lamp", "material": "oak", "colours": "red, matt black and white"}


@pytest.mark.parametrize(
    ("body", "large"),
    [
        ("[[x]]", True),
        ("A. [[x]]", True),
        ("A: [[x]]", True),
        ("A\n[[x]]", True),
        ("“[[x]]”", True),
        ("它。[[x]]", True),
        ("A [[x]]", False),
        ("A, [[x]]", False),
        ("{{title}} [[x]]", False),
    ],
)
def test_a_gap_that_begins_a_sentence_is_written_large(body: str, *, large: bool) -> None:
    (blank,) = filled(body).blanks
    assert blank.large is large


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"width": "120"}, "120 cm"),
        ({"width": "120 cm"}, "120 cm"),
        ({"width": "1,299.5"}, "1,299.5 cm"),
        ({"grade": "used"}, "Used"),
        ({"language": "zh-CN"}, "zh-CN"),
        ({"colours": "red"}, "red"),
        ({"colours": "red|green"}, "red and green"),
    ],
)
def test_values_are_written_as_their_types_have_them(row: dict[str, str], text: str) -> None:
    (name,) = row
    assert filled(f"{{?{{{{{name}}}}}?}}{{{{title}}}}", **row).facts[name] == text


@pytest.mark.parametrize(
    ("row", "error", "field"),
    [
        ({"title": " "}, FactMissing, "title"),
        ({"width": "wide"}, FactInvalid, "width"),
        ({"width": "12 kg"}, FactInvalid, "width"),
        ({"grade": "mint"}, FactInvalid, "grade"),
        ({"language": "english, please"}, FactInvalid, "language"),
    ],
)
def test_a_value_that_cannot_be_names_its_variable(row: dict[str, str], error: type[Any], field: str) -> None:
    with pytest.raises(error) as wrong:
        check_row(VARIABLES, {"title": "Lamp", **row}, "en")
    assert wrong.value.field == field
    assert field in wrong.value.message


def test_where_there_is_no_room_what_is_optional_goes_the_last_first() -> None:
    body = "{{title}}: [[a | 3-6]]{? in {{material}}, [[b | 3-6]]?}{? {{colours}}?}."
    row = {"material": "solid European oak", "colours": "black and white"}
    assert "colours" not in shown(filled(body, "meta_description", **row))
    assert shown(filled(body, "meta_description", **row)).count("<") == 2
    assert shown(filled(body, "seo_title", **row)).startswith("Oslo Lamp: <")
    assert shown(filled(body, "seo_title", **row)).count("<") == 1


def test_a_fact_that_may_be_cut_is_cut_behind_a_word() -> None:
    title = "Oslo Floor Lamp, Oak and Linen, Dimmable, with a Very Long Name – for Shops"
    made = filled("{{title|short}}", "seo_title", title=title)
    assert shown(made) == "Oslo Floor Lamp, Oak and Linen, Dimmable, with a Very Long"
    assert shown(filled("{{title|short}}", "ad_headline", title=title)) == "Oslo Floor Lamp, Oak and Linen"
    with pytest.raises(FactsTooLong, match="seo_title takes 60") as wrong:
        filled("{{title}}", "seo_title", title=title)
    assert wrong.value.field == "title"
    with pytest.raises(FactsTooLong):
        filled("{{title|short}}", "ad_headline", title="x" * 31)


def test_in_chinese_facts_are_cut_by_signs_and_lists_have_their_comma() -> None:
    made = filled("{{title|short}}", "ad_headline", "zh", title="灯" * 40)
    assert shown(made) == "灯" * 30
    assert (
        filled("{{title}}{?{{colours}}?}", locale="zh", colours="红色;白色").facts["colours"] == "红色、白色"
    )


def test_a_message_in_chinese_has_less_room() -> None:
    (blank,) = filled("{{title}}[[x | 5-40]]。", "sms", "zh", title="灯" * 20).blanks
    assert blank.chars <= 70 - 21


@given(
    title=st.text(alphabet="ab c", min_size=1, max_size=80).filter(str.strip),
    material=st.text(alphabet="xyz ", max_size=120),
    channel=st.sampled_from(list(CHANNELS)),
    locale=st.sampled_from(["en", "zh", "de"]),
)
def test_whatever_the_gaps_hold_within_their_bounds_the_limit_is_kept(
    title: str, material: str, channel: str, locale: str
) -> None:
    """Every gap as long as it may be: the whole text is within the limit."""
    body = "{{title|short}} [[a | 2-9]]{?, {{material|short}} [[b | 2-9]]?}."
    try:
        made = filled(body, channel, locale, title=title, material=material)
    except FactsTooLong:
        return
    longest = "".join(
        piece.text if isinstance(piece, Set) else ("字" if locale == "zh" else "w") * piece.chars
        for piece in made.pieces
    )
    assert CHANNELS[channel].fits(longest)
    for blank in made.blanks:
        assert isinstance(blank, Blank)
        assert 2 <= blank.fewest <= blank.most <= 9
        assert blank.chars >= blank.fewest + margin(locale)


# -- ways ------------------------------------------------------------------------------------------


def test_ways_that_there_is_no_room_for_are_left_out() -> None:
    """The limit is 60; what stands fast takes 20 of them, the margin 18. One that goes on has a word more."""
    body = "The lamp of Oslo is [[what | 1-9 | good; good to look at in a room; for everyday use …; to be …]]"
    (blank,) = filled(body, "seo_title").blanks
    assert blank.ways == ("good", "to be …")
    assert blank.chars <= 60 - 20
    (blank,) = filled(body, "product_description").blanks
    assert len(blank.ways) == 4


def test_a_gap_needs_no_more_room_than_its_shortest_way() -> None:
    """An optional piece with a gap stays where one of its ways fits."""
    body = "{{title}}{? in {{material}}, [[how | 2-9 | so it is; in a way that takes more room than this]]?}"
    made = filled(body, "seo_title", material="oak, linen")
    assert [blank.ways for blank in made.blanks] == [("so it is",)]
    assert filled(body, "ad_headline", material="oak").blanks == ()


def test_a_gap_has_as_many_words_as_the_longest_of_its_ways() -> None:
    """Short words: more of them fit than the mean says."""
    body = "{{title}} [[what | 1-9 | it is as it is, so be it]]"
    (blank,) = filled(body, "seo_title").blanks
    assert blank.most >= 8


# -- what is said already --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "material", "text"),
    [
        ("Linen Scarf", "linen", "Linen Scarf. In red."),
        ("Scarf of Oaks", "Oak", "Scarf of Oaks. In red."),
        ("Oak and Linen Lamp", "linen, oak", "Oak and Linen Lamp. In red."),
        ("Linen Scarf", "linen and silk", "Linen Scarf of linen and silk. In red."),
        ("Scarf", "linen", "Scarf of linen. In red."),
    ],
)
def test_an_optional_piece_that_says_nothing_new_is_left_out(title: str, material: str, text: str) -> None:
    body = "{{title}}{? of {{material|new}}?}. In {{colours}}."
    made = fill(
        parse(body),
        VARIABLES,
        {"title": title, "material": material, "colours": "red"},
        CHANNELS["tweet"],
        "en",
    )
    assert shown(made) == text
    assert made.facts["material"] == material  # the model is told it all the same


def test_what_is_new_is_held_against_what_is_there_and_not_against_what_is_left_out() -> None:
    body = "{{title}}{? of {{material}} {{width}}?}{? ({{material|new}})?}{?, {{material|new}}?}"
    assert shown(filled(body, "tweet", material="oak")) == "Oslo Lamp (oak)"
    assert shown(filled(body, "tweet", material="oak", width="5")) == "Oslo Lamp of oak 5 cm"


def test_what_is_said_is_found_in_scripts_without_spaces() -> None:
    made = fill(
        parse("{{title}}{?，{{material|new}}?}"),
        VARIABLES,
        {"title": "亚麻围巾", "material": "亚麻"},
        CHANNELS["tweet"],
        "zh",
    )
    assert shown(made) == "亚麻围巾"
