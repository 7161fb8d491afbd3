"""What is wrong with texts that were written by a template."""

from typing import Any

import pytest

from pressroom.contract.copy import Writing
from pressroom.contract.guide import LockedGuide
from pressroom.contract.params import TextParams
from pressroom.domain.chances import TokenChance
from pressroom.jobs.judging import Written, chance_in, gaps_of, judge

GAP = {"fewest": 2, "most": 12, "chars": 60, "large": False}
PARAMS = TextParams.model_validate(
    {
        "guide": {
            "type": "locked",
            "letters": "ascii",
            "parts": [{"text": "The Oslo Lamp "}, GAP, {"text": ", in oak."}],
        }
    }
)
WRITING = Writing(
    template="line@1",
    facts={"title": "Oslo Lamp", "material": "oak"},
    channel="meta_description",
    locale="en",
)


def tokens(text: str, chance: float = -1.0) -> tuple[TokenChance, ...]:
    """Three signs a token, each of the same chance."""
    return tuple(TokenChance(0, text[at : at + 3].encode(), chance) for at in range(0, len(text), 3))


def judged(*gaps: str, **changes: Any) -> list[tuple[int, list[str]]]:
    """Rank and findings of each text."""
    writing = WRITING.model_copy(update=changes)
    texts = [f"The Oslo Lamp {gap}, in oak." for gap in gaps]
    found = judge(
        writing, PARAMS, [Written(n, text, tokens(text, -1.0 - n / 10)) for n, text in enumerate(texts)]
    )
    return [(found[n].rank, list(found[n].findings)) for n in range(len(texts))]


def test_the_likeliest_of_those_without_a_flaw_is_the_first() -> None:
    assert judged("shines on steel", "brings warm light", "lights slow evenings") == [
        (3, ["The facts do not say “steel” (attribute)."]),
        (1, []),
        (2, []),
    ]


def test_a_gap_that_is_full_may_have_been_cut() -> None:
    ((_, findings),) = judged("brings a warm and quiet glow to the whole of your h")
    assert "may be cut" in findings[0]
    ((_, findings),) = judged("brings a warm and quiet glow to the house")
    assert findings == []


def test_a_text_beyond_its_channel_is_told() -> None:
    ((_, findings),) = judged("brings warm light", channel="ad_headline")
    assert findings == [
        "It is 40 long, and ad_headline takes 30.",
        "It does not end as texts do there.",
    ]


def test_one_that_was_not_written_to_its_end_is_told() -> None:
    found = judge(WRITING, PARAMS, [Written(0, "The Oslo Lamp brings", (), whole=False)])
    assert found[0].findings == ("It was not written to its end.", "It does not end as texts do there.")


def test_what_the_template_says_itself_is_its_authors() -> None:
    params = TextParams.model_validate(
        {
            "guide": {
                "type": "locked",
                "parts": [{"text": "Free returns within 30 days. "}, GAP | {"large": True}, {"text": "."}],
            }
        }
    )
    text = "Free returns within 30 days. Light for slow evenings."
    found = judge(WRITING, params, [Written(0, text, ())])
    assert found[0].findings == ()
    assert not found[0].needed


def test_likeness_is_whoevers_is_asked() -> None:
    texts = [
        Written(0, "The Oslo Lamp brings light, in oak.", ()),
        Written(1, "The Oslo Lamp gives light, in oak.", ()),
    ]
    found = judge(WRITING, PARAMS, texts, lambda texts, facts: [0.1, 0.9])
    assert (found[0].rank, found[1].rank, found[1].likeness) == (2, 1, 0.9)


def test_a_guide_that_is_none_of_a_template_has_nothing_to_say() -> None:
    assert judge(WRITING, TextParams(), [Written(0, "x", ())]) == {}


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("The Oslo Lamp brings light, in oak.", ["brings light"]),
        ("The Oslo Lamp brings light, in oak, in oak.", ["brings light, in oak"]),
        ("The Oslo Lamp brings light", []),
    ],
)
def test_gaps_are_found_between_what_stands_fast(text: str, gaps: list[str]) -> None:
    assert PARAMS.guide is not None
    assert [text[place] for _, place in gaps_of(PARAMS.guide, text)] == gaps  # type: ignore[arg-type]


@pytest.mark.timeout(30)
def test_a_long_text_that_is_not_the_guides_is_told_at_once() -> None:
    """An expression of as many gaps would try every division of it among them."""
    parts = [part for n in range(12) for part in (GAP | {"chars": 300}, {"text": f" {n}."})]
    params = TextParams.model_validate({"guide": {"type": "locked", "parts": parts}})
    assert gaps_of(params.guide, "a " * 1_500) == []  # type: ignore[arg-type]


# -- what the model wrote itself -------------------------------------------------------------------


def with_ways(*ways: str, forbidden: tuple[str, ...] = ()) -> TextParams:
    parts = [{"text": "Lampe für Öl – "}, GAP | {"ways": ways}, {"text": "."}]
    return TextParams.model_validate({"guide": {"type": "locked", "parts": parts, "forbidden": forbidden}})


def spelled(*words: tuple[str, float]) -> Written:
    return Written(0, "".join(word for word, _ in words), [TokenChance(0, w.encode(), c) for w, c in words])


def chance(params: TextParams, written: Written) -> float:
    assert isinstance(params.guide, LockedGuide)
    return chance_in(written, gaps_of(params.guide, written.text))


def test_its_chance_is_that_of_what_stands_in_the_gaps() -> None:
    """Signs of more than one byte before it, and a token with the space in front of it, move nothing."""
    written = spelled(("Lampe für Öl", -9.0), (" –", -9.0), (" warm", -1.0), (" light", -3.0), (".", -9.0))
    assert chance(with_ways(), written) == -2.0


def test_what_a_person_wrote_to_its_end_counts_for_nothing() -> None:
    written = spelled(("Lampe für Öl – ", -9.0), ("good", -1.0), (" to have", -3.0), (".", -9.0))
    assert chance(with_ways("good to have"), written) == 0.0
    assert chance(with_ways("good …"), written) == -2.0


def test_likeness_is_asked_of_the_models_own_words_else_of_what_fills_the_gaps() -> None:
    asked: list[list[str]] = []

    def likeness(texts: Any, facts: str) -> list[float]:
        asked.append(list(texts))
        return [0.0] * len(texts)

    written = [Written(0, "Lampe für Öl – good to have.", ()), Written(1, "Lampe für Öl – warm light.", ())]
    judge(WRITING, with_ways("good to have"), written, likeness)
    assert asked == [["good to have", "warm light"]]


def test_a_way_to_the_bound_of_its_gap_was_not_cut() -> None:
    way = "a warm and quiet glow to the whole of your house"
    found = judge(WRITING, with_ways(way), [Written(0, f"Lampe für Öl – {way}.", ())])
    assert not [each for each in found[0].findings if "cut" in each]


@pytest.mark.parametrize(
    ("gap", "found"),
    [
        ("shines like a state of the art lamp", ["The voice avoids “state of the art”."]),
        ("shines in the State, of the arts", ["The voice avoids “state of the art”."]),
        ("states of art, the lamp", []),
    ],
)
def test_several_words_that_a_voice_avoids_are_found(gap: str, found: list[str]) -> None:
    params = with_ways(forbidden=("state of the art", "once"))
    facts = {"title": f"Lampe für Öl {gap}"}
    writing = WRITING.model_copy(update={"facts": facts})
    assert list(judge(writing, params, [Written(0, f"Lampe für Öl – {gap}.", ())])[0].findings) == found
