"""Ids: of one form, never the same, in the order of their making."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain import ids


def test_an_id_has_its_form() -> None:
    made = ids.new_id("job")
    assert ids.is_id("job", made)
    value = int(made.removeprefix("job_"), 16)
    assert value >> 76 & 0xF == 7
    assert value >> 62 & 0x3 == 2


def test_no_two_are_the_same() -> None:
    assert len({ids.new_id("job") for _ in range(10_000)}) == 10_000


@given(st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=20, unique=True))
def test_they_sort_by_the_time_they_were_made(milliseconds: list[int]) -> None:
    made = []
    with pytest.MonkeyPatch.context() as patch:
        for moment in milliseconds:
            patch.setattr(time, "time_ns", lambda moment=moment: moment * 1_000_000)
            made.append(ids.new_id("job"))
    assert [made.index(one) for one in sorted(made)] == [
        milliseconds.index(moment) for moment in sorted(milliseconds)
    ]


@given(st.text())
def test_any_other_text_is_no_id(text: str) -> None:
    assert not ids.is_id("job", text)


@pytest.mark.parametrize(
    "text",
    [
        "job_" + "a" * 31,
        "job_" + "a" * 33,
        "job_" + "A" * 32,
        "key_" + "a" * 32,
        "job_" + "a" * 32 + "\n",
        "job_" + "１" * 32,
    ],
)
def test_nearly_is_not_enough(text: str) -> None:
    assert not ids.is_id("job", text)
