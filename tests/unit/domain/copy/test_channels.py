"""How long a text is where it is published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.copy.channels import CHANNELS


@pytest.mark.parametrize(
    ("name", "limit"),
    [("seo_title", 60), ("meta_description", 155), ("tweet", 280), ("sms", 160), ("ad_headline", 30)],
)
def test_the_limits_are_those_of_the_places(name: str, limit: int) -> None:
    assert CHANNELS[name].limit == limit
    assert CHANNELS[name].fits("a" * limit)
    assert not CHANNELS[name].fits("a" * (limit + 1))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("cafe\u0301", 4),  # composed
        ("灯灯", 4),
        ("こんにちは", 10),
        ("안녕", 4),
        ("“quoted” – dash…", 17),  # the ellipsis is beyond the light ranges
        ("👍", 2),
        ("👍🏽", 2),
        ("👩‍👩‍👧‍👦", 2),
        ("🇩🇪", 2),
        ("1️⃣", 2),
        ("see https://example.com/a/very/long/path?with=query now", 31),
        ("http://a.b", 23),
    ],
)
def test_a_tweet_is_counted_as_its_place_counts(text: str, count: int) -> None:
    assert CHANNELS["tweet"].count(text) == count


@pytest.mark.parametrize(
    ("text", "count", "most"),
    [
        ("Hello", 5, 160),
        ("5 €", 4, 160),
        ("[a]", 5, 160),
        ("Grüße", 5, 160),
        ("naïve", 5, 70),
        ("“quoted”", 8, 70),
        ("灯", 1, 70),
        ("👍", 2, 70),
    ],
)
def test_a_short_message_is_counted_in_septets_or_units(text: str, count: int, most: int) -> None:
    sms = CHANNELS["sms"]
    assert (sms.count(text), sms.most(text)) == (count, most)


def test_one_sign_may_halve_the_room_of_a_message() -> None:
    assert CHANNELS["sms"].fits("a" * 160)
    assert not CHANNELS["sms"].fits("a" * 70 + "ï")


@pytest.mark.parametrize(
    ("name", "text", "well"),
    [
        ("meta_description", "It is warm.", True),
        ("meta_description", "It is warm.”", True),
        ("meta_description", "它很温暖。", True),
        ("meta_description", "It is warm", False),
        ("meta_description", "It is warm,", False),
        ("tweet", "It is warm. https://shop.example/lamp", True),
        ("sms", "It is warm.\nhttps://shop.example/lamp?a=1 ", True),
        ("tweet", "It is warm https://shop.example/lamp", False),
        ("tweet", "https://shop.example/lamp", False),
        ("seo_title", "Oak lamp", True),
        ("seo_title", "Oak lamp.", False),
        ("seo_title", "Why oak?", True),
        ("alt_text", "Oak lamp", True),
        ("alt_text", "Oak lamp.", True),
    ],
)
def test_a_text_ends_as_its_place_has_it(name: str, text: str, *, well: bool) -> None:
    assert CHANNELS[name].ends_well(text) is well


@given(st.text(max_size=400))
def test_counting_never_fails_and_more_is_never_less(text: str) -> None:
    for channel in CHANNELS.values():
        assert channel.count(text) >= 0
    assert CHANNELS["seo_title"].count(text + "a") >= CHANNELS["seo_title"].count(text)
