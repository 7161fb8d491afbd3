"""What a text by template may say: ways that are left of a voice, and ways that no gap could have."""

import pytest

from pressroom.contract.guide import LockedGap, LockedGuide
from pressroom.domain.copy.brief import Voice
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import fill
from pressroom.domain.copy.template import TemplateInvalid, Variable, parse
from pressroom.jobs.copy_guide import OFFERED, VoiceTooStrict, check_ways, decided, forbidden, says

BODY = "{{title}} [[how it is | 2-6 | is soft and warm; is simply nice; feels …]]."


def ways(*avoid: str, body: str = BODY, locale: str = "en") -> tuple[str, ...]:
    filled = fill(
        parse(body), (Variable("title"),), {"title": "Lamp"}, CHANNELS["product_description"], locale
    )
    told = decided(filled, Voice("house", locale, avoid=avoid), locale)
    guide = LockedGuide.model_validate(told["guide"])
    (gap,) = [part for part in guide.parts if isinstance(part, LockedGap)]
    return gap.ways


@pytest.mark.parametrize(
    ("avoid", "left"),
    [
        ((), ("is soft and warm", "is simply nice", "feels …")),
        (("Soft",), ("is simply nice", "feels …")),
        (("warm soft",), ("is soft and warm", "is simply nice", "feels …")),
        (("simply  Nice", "feel"), ("is soft and warm",)),
    ],
)
def test_a_voice_takes_out_the_ways_that_say_what_it_avoids(
    avoid: tuple[str, ...], left: tuple[str, ...]
) -> None:
    assert ways(*avoid) == left


def test_a_voice_that_leaves_no_way_is_told() -> None:
    with pytest.raises(VoiceTooStrict, match=r"avoids all ways to fill \[how it is\]") as told:
        ways("is", "feels")
    assert (told.value.code, told.value.field) == ("voice_too_strict", "input.writing.voice")


def test_each_row_is_offered_a_few_ways_of_its_own_and_the_same_ones_again() -> None:
    """Those that go on are in all of them: what the model makes of them differs by itself."""
    listed = [f"is {chr(97 + n)}x" for n in range(12)]
    body = f"{{{{title}}}} [[how | 2-6 | {'; '.join(listed)}; feels …]]."

    def of(title: str) -> tuple[str, ...]:
        filled = fill(parse(body), (Variable("title"),), {"title": title}, CHANNELS["tweet"], "en")
        guide = LockedGuide.model_validate(decided(filled, Voice("house", "en"), "en")["guide"])
        return next(part.ways for part in guide.parts if isinstance(part, LockedGap))

    offered = {title: of(title) for title in (f"Lamp no. {n}" for n in range(40))}
    assert all(len(each) == OFFERED + 1 and each[-1] == "feels …" for each in offered.values())
    assert {way for each in offered.values() for way in each} == {*listed, "feels …"}
    assert len(set(offered.values())) > 20
    assert all(of(title) == each for title, each in offered.items())


def test_a_gap_without_ways_is_left_to_the_grammar() -> None:
    assert ways("is", body="{{title}} [[how it is | 2-6]].") == ()


def test_what_a_voice_avoids_is_found_in_scripts_without_spaces() -> None:
    body = "{{title}}，[[如何 | 2-8 | 好看，也好用；有它真好]]。"
    assert ways("真好", body=body, locale="zh") == ("好看，也好用",)


@pytest.mark.parametrize(
    ("way", "locale", "why"),
    [
        ("takes ten minutes", "en", "a word for a number or a unit"),
        ("is a metre wide", "en", "a word for a number or a unit"),
        ("ist schön", "en", "is not written in the letters of en"),
        ("is good", "zh", "is not written in the letters of zh"),
        ("fünf m²", "de", "is not written in the letters of de"),
        ("teil ⅷ", "de", "is not written in the letters of de"),
        ("只有两厘米", "zh", "a word for a number or a unit"),
    ],
)
def test_a_way_that_no_gap_could_have_is_told(way: str, locale: str, why: str) -> None:
    for body in (f"[[how | 1-9 | {way}]]", f"{{? {{{{title}}}} [[how | 1-9 | {way}]]?}}"):
        with pytest.raises(TemplateInvalid, match=why):
            check_ways(parse(body), locale)


def test_a_way_may_have_what_is_no_number_by_itself() -> None:
    check_ways(parse("[[how | 1-9 | goes often; ist schön]]"), "de")


def test_what_is_forbidden_has_the_voices_words_first_and_is_bounded() -> None:
    filled = fill(parse("{{title}}"), (Variable("title"),), {"title": "ten"}, CHANNELS["sms"], "en")
    found = forbidden(filled, Voice("house", "en", avoid=("State of the  Art", "luxury")), "en")
    assert found[:2] == ("state of the art", "luxury")
    assert "ten" not in found
    assert "nine" in found
    assert len(found) <= 200


@pytest.mark.parametrize(
    ("text", "phrase", "is_said"),
    [
        ("a state of the art lamp", "state of the art", True),
        ("a state-of-the-art lamp", "state of the art", True),
        ("States of the Arts", "state of the art", True),
        ("art of the state", "state of the art", False),
        ("a lamp", "", False),
    ],
)
def test_whether_a_text_says_words_in_this_order(text: str, phrase: str, is_said: bool) -> None:
    assert says(text, phrase) is is_said
