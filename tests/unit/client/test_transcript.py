"""Text out of deltas: offsets, repetitions, resets, gaps."""

import pytest

from pressroom.client.transcript import Reader, Skipped, Transcript
from pressroom.contract.events import Delta, End, Reset, Started

NEW = Reset(attempt=2, reason="new_attempt")


def delta(offset: int, text: str, n: int = 0) -> Delta:
    return Delta(n=n, offset=offset, text=text)


def test_outputs_grow_side_by_side() -> None:
    transcript = Transcript()
    added = [
        transcript.apply(e) for e in (Started(attempt=1), delta(0, "He"), delta(0, "Da", 1), delta(2, "y"))
    ]
    assert added == ["", "He", "Da", "y"]
    assert transcript.texts == {0: "Hey", 1: "Da"}


def test_offsets_count_characters_not_bytes() -> None:
    transcript = Transcript()
    for event in (delta(0, "🥐é"), delta(2, "!")):
        transcript.apply(event)
    assert transcript.texts == {0: "🥐é!"}


def test_what_is_known_is_not_added_again() -> None:
    transcript = Transcript()
    transcript.apply(delta(0, "Hello"))
    assert transcript.apply(delta(0, "Hell")) == ""
    assert transcript.apply(delta(3, "lo you")) == " you"
    assert transcript.texts == {0: "Hello you"}


def test_a_gap_is_an_error() -> None:
    transcript = Transcript()
    transcript.apply(delta(0, "He"))
    with pytest.raises(Skipped):
        transcript.apply(delta(3, "y"))


def test_a_reset_forgets_all() -> None:
    transcript = Transcript()
    transcript.apply(delta(0, "He"))
    transcript.apply(NEW)
    assert transcript.texts == {}


def test_the_reader_hands_out_each_character_once_over_a_reset() -> None:
    reader = Reader()
    events = (delta(0, "Hel"), NEW, delta(0, "He"), delta(2, "llo"), End(status="succeeded"))
    assert [reader.take(event) for event in events] == ["Hel", "", "", "lo", ""]
    assert not reader.behind


def test_the_reader_says_when_the_text_differs() -> None:
    reader = Reader()
    assert [reader.take(event) for event in (delta(0, "Hel"), NEW, delta(0, "Ha"))] == ["Hel", "", None]


def test_the_reader_knows_that_it_handed_out_too_much() -> None:
    reader = Reader()
    for event in (delta(0, "Hello"), NEW, delta(0, "Hel")):
        reader.take(event)
    assert reader.behind


def test_the_reader_reads_one_output() -> None:
    reader = Reader(1)
    assert [reader.take(event) for event in (delta(0, "He"), delta(0, "Da", 1))] == ["", "Da"]
