"""What a text says beyond its facts: what is found, and what is only said otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.copy.checking import Finding, facts_of, unsupported
from pressroom.domain.copy.lexicon import LANGUAGES, language_of, lexicon

LAMP = ("Oslo Floor Lamp", "oak, linen", "Nordlys", "120 cm", "2 x 40 W", "1,299.00 kr", "dimmable; LED")


def found(text: str, *facts: str, locale: str = "en") -> list[tuple[str, str]]:
    return [(each.kind, each.words) for each in unsupported(text, facts or LAMP, locale)]


@pytest.mark.parametrize(
    "text",
    [
        "The Oslo Floor Lamp brings warm light to slow evenings.",
        "An oak lamp with a linen shade, by Nordlys.",
        "At 120 cm it stands beside any chair.",
        "At 120 centimetres it stands beside any chair.",
        "It stands 120cm tall.",
        "Two bulbs of forty watts light the corner.",
        "It costs 1299 kr.",
        "It costs 1.299,00 kr.",
        "Dimmable, with LEDs.",
        "Nordlys' lamp. Oslo’s light.",
        "A light for a quiet hour, on Sunday, when I read.",
        "One of a kind is what one hopes for.",
        "“Warm light” is what it gives.",
        "Light: Warm and low.",
    ],
)
def test_what_the_facts_say_is_supported_however_it_is_said(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("It is 130 cm tall.", ("number", "130")),
        ("A 24-inch lamp.", ("number", "24")),
        ("Three bulbs light it.", ("number", "Three")),
        ("A dozen lights.", ("number", "dozen")),
        ("It costs 99 kr.", ("number", "99")),
        ("A few inches of light.", ("unit", "inches")),
        ("It weighs some kilograms.", ("unit", "kilograms")),
        ("It is 120 feet tall.", ("unit", "feet")),
        ("It is 120 Bar.", ("unit", "Bar")),
        ("Cheap in euros.", ("claim", "Cheap")),
        ("A lamp of Scandinavia.", ("name", "Scandinavia")),
        ("It has USB too.", ("name", "USB")),
        ("Designed in Copenhagen.", ("name", "Copenhagen")),
        ("It is waterproof.", ("claim", "waterproof")),
        ("With a lifetime warranty.", ("claim", "lifetime")),
        ("An award-winning lamp.", ("claim", "award-winning")),
        ("The best light there is.", ("claim", "best")),
        ("A steel foot.", ("attribute", "steel")),
        ("A brass-tipped arm.", ("attribute", "brass-tipped")),
        ("A red shade.", ("attribute", "red")),
        ("Danish design.", ("attribute", "Danish")),
        ("A pair of four-light arms.", ("number", "four-light")),
    ],
)
def test_what_they_do_not_say_is_found(text: str, finding: tuple[str, str]) -> None:
    assert finding in found(text)


def test_findings_come_in_the_order_of_the_text_each_once() -> None:
    text = "Waterproof, 30 cm, waterproof, of steel by Fjord, 30 cm."
    assert found(text) == [
        ("claim", "Waterproof"),
        ("number", "30"),
        ("claim", "waterproof"),
        ("attribute", "steel"),
        ("name", "Fjord"),
    ]


def test_in_a_title_no_name_can_be_told_by_its_letters() -> None:
    assert found("Warm Light For Quiet Rooms") == []
    assert found("Warm Light With USB") == [("name", "USB")]


def test_a_number_is_not_supported_by_a_part_of_another() -> None:
    assert found("12 lamps", "120 cm") == [("number", "12")]
    assert found("0 lamps", "120 cm") == [("number", "0")]
    assert found("Model 4711", "SKU-4711-B") == []


def test_without_facts_all_is_invented() -> None:
    assert {kind for kind, _ in found("3 red lamps of Rome", " ")} == {"number", "attribute", "name"}


def test_a_sentence_for_people_says_what_is_wrong() -> None:
    assert Finding("number", "24").sentence == "The facts do not say “24” (number)."


# -- Chinese -------------------------------------------------------------------------------------------

LAMP_ZH = ("奥斯陆落地灯", "橡木", "120 厘米", "可调光")


@pytest.mark.parametrize(
    "text",
    [
        "奥斯陆落地灯,给你一盏温暖的灯。",
        "高120厘米,橡木灯身。",
        "高 120 cm 的落地灯,可调光。",
        "一个安静的夜晚,三三两两的灯光。",
    ],
)
def test_in_chinese_what_the_facts_say_is_supported(text: str) -> None:
    kinds = found(text, *LAMP_ZH, "cm", locale="zh-CN")
    assert kinds == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("高130厘米。", ("number", "130")),
        ("高三十厘米。", ("number", "三十厘米")),
        ("重五公斤。", ("unit", "公斤")),
        ("最好的落地灯。", ("claim", "最好")),
        ("终身保修。", ("claim", "终身")),
        ("不锈钢灯身。", ("attribute", "不锈钢")),
        ("红色灯罩。", ("attribute", "红色")),
        ("支持 USB 充电。", ("name", "USB")),
    ],
)
def test_in_chinese_what_they_do_not_say_is_found(text: str, finding: tuple[str, str]) -> None:
    assert finding in found(text, *LAMP_ZH, locale="zh")


# -- other languages -----------------------------------------------------------------------------------


def test_in_a_language_without_a_lexicon_digits_are_checked() -> None:
    assert lexicon("de") is None
    assert found("Die beste Lampe, 24 cm.", "Lampe", locale="de-DE") == [("number", "24")]


def test_a_locale_is_read_as_its_language() -> None:
    assert [language_of(each) for each in ("en", "en-GB", "zh_Hans_CN", "EN")] == ["en", "en", "zh", "en"]
    assert LANGUAGES == ("en", "zh")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_words_of_a_lexicon_are_as_they_are_looked_up(locale: str) -> None:
    """In one case, and without an ending that is taken away before they are looked for."""
    words = lexicon(locale)
    assert words is not None
    for word in [*words.claims, *words.attributes, *words.units, *words.numbers]:
        assert word == word.casefold()
        if words.spaced:
            (finding,) = unsupported(f"a {word} b", ["nothing"], locale)[:1] or (None,)
            assert finding is not None, word
            assert finding.words == word


def test_only_values_that_say_something_are_facts() -> None:
    assert facts_of({"title": "Lamp", "note": " ", "size": "3"}) == ("Lamp", "3")


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=4), st.sampled_from(["en", "zh", "de"]))
def test_it_never_fails_and_facts_support_themselves(text: str, facts: list[str], locale: str) -> None:
    unsupported(text, facts, locale)
    for fact in facts:
        assert [each for each in unsupported(fact, facts, locale) if each.kind != "name"] == []


def test_what_is_a_unit_behind_a_number_is_none_by_itself() -> None:
    assert unsupported("Warm feet at the bar.", ["Socks"]) == ()
    assert unsupported("It is 6 ft tall, or 6 feet.", ["6 feet"]) == ()
    assert unsupported("120 in oak.", ["120", "oak"]) == ()
