"""Texts with gaps: what their grammar lets through. The tokens are bytes, so that it is the grammar alone that is asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from llguidance import LLMatcher, LLTokenizer
from pydantic import ValidationError

from pressroom.catalog.guide import GuideInvalid, check_guide, grammar, limits_of
from pressroom.catalog.locked import is_sound
from pressroom.contract.guide import LockedGap, LockedGuide

UNITS = ("cm", "inch", "ten", "meter")


def guide(*parts: str | LockedGap, letters: str = "ascii", forbidden: tuple[str, ...] = UNITS) -> LockedGuide:
    return LockedGuide.model_validate(
        {
            "type": "locked",
            "parts": [{"text": part} if isinstance(part, str) else part.model_dump() for part in parts],
            "letters": letters,
            "forbidden": forbidden,
        }
    )


def takes(made: LockedGuide, text: str) -> bool:
    """Whether the whole text is one of the guide."""
    tokens = LLTokenizer("byte")
    matcher = LLMatcher(tokens, grammar(made), limits=limits_of(made))
    ids = tokens.tokenize_str(text)
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


LAMP = guide("The Oslo Lamp ", LockedGap(fewest=3, most=6, chars=40), ".")


@pytest.mark.parametrize(
    "gap",
    [
        "brings a warm glow",
        "brings a low, warm, quiet glow",
        "it's hand-made and low",
        "isn't low, and we’ll stay",
        "won't glow for you, she'd say",
        "centred on slow evenings",  # "cm" and "ten" are no parts of it
        "brings tender light",  # a short one may begin another word
    ],
)
def test_a_gap_is_words(gap: str) -> None:
    assert takes(LAMP, f"The Oslo Lamp {gap}.")


@pytest.mark.parametrize(
    "gap",
    [
        "",
        "brings glow",
        "brings a warm glow to every room",
        "brings 3 warm glows",
        "Brings a warm glow",
        "brings a Nordic glow",
        "brings a warm glow.",
        "brings a  warm glow",
        "brings , a warm glow",
        "brings but'll warm glows",
        "brings o't warm glows",
        "brings their're warm glows",
        "brings ten warm glows",
        "brings inchway glows",  # a model that may not end it goes on with it
        "brings a Meterful glow",
        "brings some inches more",
        "brings three-cm of glow",
        "brings TEN warm glows",
        "brings a “warm” glow",
        "incomprehensibilities everywhere around here",
        "has a way of'talking",
        "brings a warm glow ",
    ],
)
def test_a_gap_is_nothing_else(gap: str) -> None:
    assert not takes(LAMP, f"The Oslo Lamp {gap}.")


def test_what_stands_fast_is_there_letter_by_letter() -> None:
    odd = 'Size "M" \\ 30 % – naïve\n灯 \x01\x7f\x85\u2028\ufeff😀 '
    made = guide(odd, LockedGap(fewest=1, most=2, chars=30))
    assert takes(made, f"{odd}warm light")
    assert not takes(made, f"{odd.replace('30', '31')}warm light")


def test_a_gap_in_front_begins_large_and_goes_on_small() -> None:
    made = guide(LockedGap(fewest=2, most=4, chars=30, large=True), ".")
    assert takes(made, "Warm light tonight.")
    assert not takes(made, "warm light tonight.")
    assert not takes(made, "Warm Light tonight.")


@pytest.mark.parametrize("behind", [", in oak.", " in oak.", "-framed.", ", 120 cm.", "'s light.", " and"])
def test_what_stands_behind_a_gap_may_begin_as_the_gap_goes_on(behind: str) -> None:
    made = guide("The lamp ", LockedGap(fewest=2, most=4, chars=30), behind)
    assert takes(made, f"The lamp brings warm light{behind}")
    assert not takes(made, f"The lamp brings warm light to all rooms{behind}")


def test_a_gap_does_not_end_with_a_word_that_goes_on() -> None:
    gap = LockedGap(fewest=2, most=6, chars=40)
    made = guide("It ", gap, ".").model_copy(update={"not_last": ("of", "the", "with")})
    assert takes(made, "It is the light of rooms.")
    assert not takes(made, "It is the light of.")
    assert not takes(made, "It is the light of the.")
    assert takes(made, "It is light within.")


def test_other_scripts_have_their_letters() -> None:
    latin = guide(LockedGap(fewest=2, most=4, chars=30), letters="latin", forbidden=())
    assert takes(latin, "für grüne Abende".lower())
    assert not takes(guide(LockedGap(fewest=2, most=4, chars=30)), "für grüne abende")
    han = guide("橡木灯，", LockedGap(fewest=4, most=9, chars=9), "。", letters="han", forbidden=("厘米",))
    assert takes(han, "橡木灯，给你一盏温暖的灯。")
    assert not takes(han, "橡木灯，给你三厘米的灯。")
    assert not takes(han, "橡木灯，给你。")
    assert not takes(han, "橡木灯，warm。")


def test_gaps_of_one_shape_are_one_terminal_and_all_are_good_grammar() -> None:
    gap = LockedGap(fewest=3, most=6, chars=40)
    made = guide("a ", gap, " b ", gap, " c ", LockedGap(fewest=1, most=1, chars=9), ".")
    assert grammar(made).count("GAP0:") == grammar(made).count("GAP1:") == 1
    check_guide(made)
    check_guide(guide("nothing but this"))
    check_guide(guide(gap, forbidden=("*", "a b", "x(")))


def test_many_forbidden_words_are_no_matter() -> None:
    many = tuple(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200))
    made = guide("a ", LockedGap(fewest=3, most=12, chars=80), ".", forbidden=many)
    assert takes(made, "a warm and low light for quiet rooms.")
    assert not takes(made, "a warm and waa light for quiet rooms.")


# -- ways ------------------------------------------------------------------------------------------

WAYS = ("gives …", "good to look at", "made to be used, and used again")


@pytest.mark.parametrize("large", [False, True])
def test_a_gap_with_ways_is_one_of_them_or_goes_on_from_it(large: bool) -> None:
    made = guide("It ", LockedGap(fewest=2, most=6, chars=40, large=large, ways=WAYS), ".")

    def said(gap: str) -> bool:
        return takes(made, f"It {gap[0].upper() if large else gap[0]}{gap[1:]}.")

    assert said("good to look at")  # whatever words a text ends with: a person has written it
    assert said("made to be used, and used again")
    assert said("gives a warm light")
    assert not said("gives")
    assert not said("gives ten lights")
    assert not said("gives a warm light to the whole of a house")  # too long
    assert not said("good to look at it")
    assert not said("is warm and light")
    assert not takes(made, f"It {'good' if large else 'Good'} to look at.")


def test_ways_of_signs_without_spaces() -> None:
    gap = LockedGap(fewest=3, most=12, chars=12, ways=("让…", "好看，也好用"))
    made = guide("灯，", gap, "。", letters="han", forbidden=("厘米",))
    assert takes(made, "灯，好看，也好用。")
    assert takes(made, "灯，让房间亮起来。")
    assert not takes(made, "灯，让房间亮十厘米。")
    assert not takes(made, "灯，房间亮起来。")


# -- what is known to be a grammar without being read ------------------------------------------------

_LETTERS = some.text(some.characters(categories=["L"]), min_size=1, max_size=9)
_WAYS = some.builds(
    lambda words, between, more: between.join(words) + more,
    some.lists(_LETTERS, min_size=1, max_size=4),
    some.sampled_from([" ", ", ", "-", "’", "，", "、"]),
    some.sampled_from(["", "…", " …"]),
)
_GAPS = some.builds(
    lambda fewest, more, chars, large, ways: LockedGap(
        fewest=fewest, most=max(1, min(200, fewest + more)), chars=chars, large=large, ways=ways
    ),
    some.integers(1, 200),
    some.integers(-3, 60),
    some.integers(1, 5_000),
    some.booleans(),
    some.lists(_WAYS, max_size=4).map(tuple),
)
_GUIDES: Any = some.builds(
    lambda parts, letters, forbidden, not_last: guide(
        *parts, letters=letters, forbidden=forbidden
    ).model_copy(update={"not_last": not_last}),
    some.lists(some.text(min_size=1, max_size=40) | _GAPS, min_size=1, max_size=5),
    some.sampled_from(["ascii", "latin", "han"]),
    some.lists(some.text(min_size=1, max_size=9), max_size=4).map(tuple),
    some.lists(some.text(min_size=1, max_size=9), max_size=4).map(tuple),
)


@given(_GUIDES)
def test_what_is_sound_can_be_read_whatever_stands_in_it(made: LockedGuide) -> None:
    if is_sound(made):
        wrong, said = LLMatcher.validate_grammar_with_warnings(grammar(made), limits=limits_of(made))
        assert not wrong, said


@pytest.mark.parametrize("letters", ["ascii", "latin", "han"])
def test_bounds_that_go_down_cannot_be_read(letters: str) -> None:
    made = guide("It ", LockedGap(fewest=5, most=4, chars=30), ".", letters=letters)
    assert not is_sound(made)
    with pytest.raises(GuideInvalid):
        check_guide(made)


def test_fewer_characters_than_signs_cannot_be_read() -> None:
    with pytest.raises(GuideInvalid):
        check_guide(guide("灯", LockedGap(fewest=4, most=9, chars=3), letters="han"))


@pytest.mark.parametrize("way", ["a.*", "a/ | /b", "3 ways", "", "…", "so (it) is", "so\nit is", "a|b"])
def test_a_way_that_is_not_words_is_none(way: str) -> None:
    with pytest.raises(ValidationError):
        LockedGap(fewest=1, most=3, chars=40, ways=(way,))
