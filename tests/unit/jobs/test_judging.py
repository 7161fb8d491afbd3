"""What is wrong with texts that were written by a template."""

from typing import Any

import pytest

from pressroom.contract.copy import Writing
from pressroom.contract.params import TextParams
from pressroom.jobs.judging import Written, gaps_of, judge

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


def judged(*gaps: str, **changes: Any) -> list[tuple[int, list[str]]]:
    """Rank and findings of each text."""
    writing = WRITING.model_copy(update=changes)
    texts = [f"The Oslo Lamp {gap}, in oak." for gap in gaps]
    found = judge(writing, PARAMS, [Written(n, text, -1.0 - n / 10) for n, text in enumerate(texts)])
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
    found = judge(WRITING, PARAMS, [Written(0, "The Oslo Lamp brings", -1.0, whole=False)])
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
    found = judge(WRITING, params, [Written(0, text, -1.0)])
    assert found[0].findings == ()
    assert not found[0].needed


def test_likeness_is_whoevers_is_asked() -> None:
    texts = [
        Written(0, "The Oslo Lamp brings light, in oak.", -1.0),
        Written(1, "The Oslo Lamp gives light, in oak.", -1.0),
    ]
    found = judge(WRITING, PARAMS, texts, lambda texts, facts: [0.1, 0.9])
    assert (found[0].rank, found[1].rank, found[1].likeness) == (2, 1, 0.9)


def test_a_guide_that_is_none_of_a_template_has_nothing_to_say() -> None:
    assert judge(WRITING, TextParams(), [Written(0, "x", 0.0)]) == {}


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
    assert [found for _, found in gaps_of(PARAMS.guide, text)] == gaps  # type: ignore[arg-type]


@pytest.mark.timeout(30)
def test_a_long_text_that_is_not_the_guides_is_told_at_once() -> None:
    """An expression of as many gaps would try every division of it among them."""
    parts = [part for n in range(12) for part in (GAP | {"chars": 300}, {"text": f" {n}."})]
    params = TextParams.model_validate({"guide": {"type": "locked", "parts": parts}})
    assert gaps_of(params.guide, "a " * 1_500) == []  # type: ignore[arg-type]
