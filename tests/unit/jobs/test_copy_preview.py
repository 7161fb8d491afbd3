"""A template with a row, before anything runs: what stands fast, how long it is, how much room is left."""

from collections.abc import Sequence

import pytest

from pressroom.domain.copy.channels import CHANNELS, Channel
from pressroom.domain.copy.filling import FactMissing, FactsTooLong, fill
from pressroom.domain.copy.template import Part, Variable, parse
from pressroom.jobs.copy_preview import Preview, preview

PARTS = parse("{{title|short}}{? of {{material}}?}. [[what it is for | 2-5]]")
VARIABLES = (Variable("title"), Variable("material", required=False))
TITLE = CHANNELS["seo_title"]


def previewed(
    parts: Sequence[Part],
    variables: Sequence[Variable],
    row: dict[str, str],
    channel: Channel,
    locale: str,
    gaps: Sequence[str] = (),
) -> Preview:
    return preview(fill(parts, variables, row, channel, locale), channel, locale, gaps)


def test_the_length_of_what_stands_fast_and_the_room_of_the_gaps() -> None:
    seen = previewed(PARTS, VARIABLES, {"title": "Mug"}, TITLE, "en")
    assert (seen.length, seen.most, seen.gaps, seen.written, seen.fits) == (5, 60, 1, (), True)
    assert 0 < seen.room <= 60 - seen.length


def test_a_gap_that_is_written_is_counted_and_begins_as_the_guide_has_it() -> None:
    seen = previewed(PARTS, VARIABLES, {"title": "Mug", "material": "clay"}, TITLE, "en", ["for slow days"])
    assert seen.written == ("For slow days",)
    assert seen.length == len("Mug of clay. For slow days")


def test_gaps_that_are_not_as_many_are_left_out() -> None:
    assert previewed(PARTS, VARIABLES, {"title": "Mug"}, TITLE, "en", ["one", "two"]).written == ()


def test_a_text_beyond_its_channel_does_not_fit() -> None:
    seen = previewed(PARTS, VARIABLES, {"title": "Mug"}, TITLE, "en", ["x" * 60])
    assert (seen.length, seen.fits) == (65, False)


def test_a_message_with_a_sign_beyond_its_alphabet_has_less_room() -> None:
    seen = previewed(parse("{{title}}"), VARIABLES[:1], {"title": "Tasse ✓"}, CHANNELS["sms"], "de")
    assert (seen.length, seen.most) == (7, 70)


def test_what_cannot_be_filled_is_refused() -> None:
    with pytest.raises(FactMissing):
        previewed(PARTS, VARIABLES, {}, TITLE, "en")
    with pytest.raises(FactsTooLong):
        previewed(parse("{{title}}"), VARIABLES[:1], {"title": "x" * 61}, TITLE, "en")
