"""What a client is told: cut anywhere and resumed, its text equals what was stored."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.jobs import MODEL

from pressroom.contract.events import Delta, End, Started
from pressroom.domain.errors import InputInvalid
from pressroom.domain.job import Job, Output
from pressroom.domain.states import State
from pressroom.jobs.ports import Followed, Numbered, Standing, StreamEvent
from pressroom.jobs.story import START, Story, is_stored, parse_place

JOB = "job_1"
TEXT = ("A ", "warm ", "blue ", "mug.")


class Reader:
    """A client by the contract's rule: append at the offset, forget on reset, stop at the end."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.last_id: str | None = None
        self.over = False

    def hear(self, event: Followed) -> None:
        self.last_id = event.id
        if event.name == "delta":
            n, offset, text = event.data["n"], event.data["offset"], event.data["text"]
            assert isinstance(n, int)
            assert isinstance(text, str)
            have = self.texts.get(n, "")
            assert offset == len(have), "a hole or a doubling"
            self.texts[n] = have + text
        elif event.name == "reset":
            self.texts.clear()
        self.over = self.over or event.name in ("end", "gone")


def log(attempt: int = 1, pieces: tuple[str, ...] = TEXT, *, ended: bool = True) -> list[Numbered]:
    """The events of an attempt that wrote ``pieces``."""
    events: list[StreamEvent] = [Started(attempt=attempt)]
    offset = 0
    for piece in pieces:
        events.append(Delta(n=0, offset=offset, text=piece))
        offset += len(piece)
    if ended:
        events.append(End(status="succeeded", finish_reason="stop"))
    return [Numbered(JOB, attempt, seq, event) for seq, event in enumerate(events, 1)]


def stored(attempt: int = 1, text: str = "".join(TEXT)) -> Job:
    output = Output(0, "text/plain; charset=utf-8", len(text), "c" * 64, "stop", text=text)
    return Job(
        id=JOB, tenant="acme", model=MODEL, kind="text", pool="text", state=State.SUCCEEDED, priority=5,
        input={}, params={}, metadata={}, created_at=1, due_at=1, deadline_at=2, result_ttl_s=60,
        attempt=attempt, finish_reason="stop", outputs=(output,),
    )  # fmt: skip


def told(story: Story, events: list[Numbered]) -> list[Followed]:
    return [event for numbered in events for event in story.hear(numbered)]


def ids(events: list[Followed]) -> list[str]:
    return [event.id for event in events]


def names(events: list[Followed]) -> list[str]:
    return [event.name for event in events]


def place_of(last_id: str | None) -> tuple[int, int]:
    place = parse_place(last_id)
    assert place is not None
    return place


# -- places --------------------------------------------------------------------------------------


def test_places() -> None:
    assert parse_place(None) == parse_place("") == START
    assert parse_place("3-14") == (3, 14)
    assert parse_place("3-end") is None
    assert parse_place("3-t0") == (3, 10**9)
    assert is_stored(place_of("3-t7"))
    assert not is_stored(place_of("3-999999999"))


@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "1-2\n",
        "1-end ",
        "1-t",
        "1-tt",
        "1-t1000",
        "1-t-1",
        "١-٢",
        "1" * 10 + "-1",
        "\0",
    ],
)
def test_what_is_no_place_is_refused(bad: str) -> None:
    with pytest.raises(InputInvalid):
        parse_place(bad)


# -- the plain way -------------------------------------------------------------------------------


def test_a_whole_log_is_told_as_it_is() -> None:
    story = Story(START)
    events = told(story, log())
    assert ids(events) == ["1-1", "1-2", "1-3", "1-4", "1-5", "1-end"]
    assert names(events) == ["started", "delta", "delta", "delta", "delta", "end"]
    assert story.over


def test_nothing_is_told_twice_or_after_the_end() -> None:
    story = Story(START)
    told(story, log())
    assert told(story, log() + log(2)) == []
    assert list(story.close(stored())) == []
    assert list(story.gone()) == []


def test_a_new_attempt_starts_over() -> None:
    story = Story(START)
    events = told(story, log(ended=False)[:3] + log(2))
    assert names(events)[3:5] == ["reset", "started"]
    assert events[3].id == "2-0"
    assert events[3].data["reason"] == "new_attempt"


def test_a_client_that_has_heard_nothing_needs_no_reset() -> None:
    assert names(told(Story(START), log(2)))[0] == "started"


def test_late_events_of_a_superseded_attempt_are_dropped() -> None:
    story = Story(START)
    told(story, log(2, ended=False))
    assert told(story, log(1)) == []


def test_the_database_may_know_of_a_new_attempt_first() -> None:
    story = Story(START)
    told(story, log(ended=False)[:3])
    (reset,) = story.stands(Standing(State.RUNNING, 2))
    assert (reset.id, reset.name) == ("2-0", "reset")
    assert list(story.stands(Standing(State.RUNNING, 2))) == []
    assert names(told(story, log(2)))[0] == "started"


# -- holes ---------------------------------------------------------------------------------------


def test_behind_a_hole_nothing_is_told_until_the_database_tells_all() -> None:
    story, reader = Story(START), Reader()
    events = log()
    for event in told(story, events[:2] + events[3:5]):
        reader.hear(event)
    assert reader.texts == {0: "A "}
    assert told(story, events[5:]) == []
    assert story.lost
    for event in story.close(stored()):
        reader.hear(event)
    assert reader.texts == {0: "".join(TEXT)}
    assert reader.over


def test_a_hole_is_healed_by_a_new_attempt() -> None:
    story, reader = Story(START), Reader()
    for event in told(story, log()[:2] + log()[4:5] + log(2)):
        reader.hear(event)
    assert reader.texts == {0: "".join(TEXT)}
    assert reader.over


def test_a_log_whose_beginning_is_lost_is_a_hole_too() -> None:
    story = Story(START)
    assert told(story, log()[2:]) == []
    assert story.lost


def test_the_database_alone_is_enough() -> None:
    events = list(Story(START).close(stored()))
    assert names(events) == ["delta", "end"]
    assert ids(events) == ["1-t0", "1-end"]


def test_a_client_with_text_is_reset_before_the_database_tells() -> None:
    events = list(Story((1, 3)).close(stored()))
    assert names(events) == ["reset", "delta", "end"]
    assert events[0].data["reason"] == "gap"


def test_cut_after_a_reset_a_client_goes_on_from_there() -> None:
    assert names(told(Story(place_of("1-0")), log())) == ["started", *["delta"] * 4, "end"]
    assert names(list(Story(place_of("1-0")).close(stored()))) == ["delta", "end"]


def test_whoever_comes_back_is_told_of_a_new_attempt() -> None:
    assert names(told(Story(place_of("1-0")), log(2)))[:2] == ["reset", "started"]


def test_cut_within_a_telling_from_the_database_a_client_gets_the_rest() -> None:
    job = stored()
    several = replace(job, outputs=tuple(replace(job.outputs[0], n=n, text=f"text {n}") for n in range(3)))
    assert ids(list(Story((1, 3)).close(several))) == ["1-0", "1-t0", "1-t1", "1-t2", "1-end"]
    assert ids(list(Story(place_of("1-t0")).close(several))) == ["1-t1", "1-t2", "1-end"]
    assert ids(list(Story(place_of("1-t2")).close(several))) == ["1-end"]


def test_a_stored_text_of_another_attempt_is_none_of_this() -> None:
    assert names(list(Story(place_of("2-t0")).close(stored(attempt=3)))) == ["reset", "delta", "end"]


def test_an_erased_job_is_gone_for_good() -> None:
    story = Story((1, 3))
    (gone,) = story.gone()
    assert (gone.id, gone.name) == ("1-end", "gone")
    assert parse_place(gone.id) is None


def test_whether_a_rest_completes_the_story() -> None:
    events = log()
    assert Story(START).completed_by(events)
    assert Story((1, 3)).completed_by(events[3:])
    assert Story((1, 3)).completed_by(events)
    assert Story((1, 3)).completed_by(log(2))
    assert not Story(START).completed_by(events[:-1])
    assert not Story(START).completed_by(events[1:])
    assert not Story((1, 3)).completed_by(events[4:])
    assert not Story(START).completed_by([])


# -- every cut -------------------------------------------------------------------------------------


@given(
    texts=st.lists(st.text(max_size=6), min_size=1, max_size=4),
    lost=st.sets(st.integers(0, 12)),
    reaped=st.booleans(),
)
def test_cut_after_every_event_and_whatever_is_lost_each_connection_is_progress(
    texts: list[str], lost: set[int], reaped: bool
) -> None:
    whole = log(1, ("some", "thing"), ended=False) * reaped + log(2, tuple(texts[0]))
    events = [event for place, event in enumerate(whole) if place not in lost]
    job = stored(2, texts[0])
    job = replace(job, outputs=tuple(replace(job.outputs[0], n=n, text=text) for n, text in enumerate(texts)))
    if len(texts) > 1:  # the log tells of the first text alone, so that its end must be lost
        events = [event for event in events if not isinstance(event.event, End)]
    reader = Reader()
    for _ in range(len(whole) + len(texts) + 4):
        place = parse_place(reader.last_id)
        if place is None:
            break
        story = Story(place)
        rest = [event for event in events if (event.attempt, event.seq) > place]
        stream = told(story, rest) if not is_stored(place) and story.completed_by(rest) else []
        reader.hear([*stream, *story.close(job)][0])
    assert reader.over
    assert {n: text for n, text in enumerate(texts) if text} == reader.texts


@given(
    pieces=st.lists(st.text(min_size=1, max_size=4), max_size=8),
    lost=st.sets(st.integers(0, 12)),
    first_cut=st.integers(0, 12),
    second_cut=st.integers(0, 12),
    attempts=st.integers(1, 2),
)
def test_however_often_cut_and_whatever_is_lost_the_text_is_the_stored_one(
    pieces: list[str], lost: set[int], first_cut: int, second_cut: int, attempts: int
) -> None:
    """Three connections, the log with holes in each, the end from the database if need be."""
    whole = log(1, tuple(pieces), ended=attempts == 1)
    if attempts == 2:
        whole = whole[:-1] + log(2, tuple(pieces))
    events = [event for place, event in enumerate(whole) if place not in lost]
    job, reader = stored(attempts, "".join(pieces)), Reader()
    for cut in (first_cut, second_cut, None):
        place = parse_place(reader.last_id)
        if place is None:
            break
        story = Story(place)
        stream = told(story, [event for event in events if (event.attempt, event.seq) > place])
        stream += story.close(job)
        for event in stream[:cut]:
            reader.hear(event)
    assert reader.over
    assert reader.texts.get(0, "") == "".join(pieces)
