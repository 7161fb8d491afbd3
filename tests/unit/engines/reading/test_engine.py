"""The reading engine: what shares a batch, whose turn it is, and what goes wrong for whom."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pressroom.contract.params import ImageParams, ReadingParams
from pressroom.engines.base import (
    Ending,
    EngineInfo,
    EngineOutOfMemory,
    ImageGeneration,
    Key,
    NotOffered,
    Numbers,
    Outcome,
    PromptTooLong,
    ReadingGeneration,
)
from pressroom.engines.reading.engine import MOST_ROWS, MOST_TOKENS, ReadingEngine
from pressroom.engines.reading.readers import Heard

CONTEXT = 400


class Counting:
    """A reader whose tokens are words and whose numbers are how many there are, and the first one's length."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.before: Callable[[int], None] = lambda rows: None

    def heard(self, text: str) -> Heard:
        if text == "unreadable":
            raise ValueError("cannot")
        ids = tuple(len(word) for word in text.split())
        return Heard(ids[:CONTEXT], len(ids[:CONTEXT]), cut=len(ids) > CONTEXT)

    def read(self, rows: Sequence[tuple[int, ...]]) -> Numbers:
        self.before(len(rows))
        self.batches.append([len(row) for row in rows])
        return np.array([[len(row), row[0]] for row in rows], np.float32)


@pytest.fixture
def reader() -> Counting:
    return Counting()


@pytest.fixture
def engine(reader: Counting) -> ReadingEngine:
    return ReadingEngine(reader, EngineInfo("counting", "1", "cpu", slots=8), width=2, context=CONTEXT)


def request(name: str, *texts: str, deadline: float | None = None, cut: bool = False) -> ReadingGeneration:
    return ReadingGeneration(Key(name, 1), ReadingParams(cut=cut), texts, deadline)


def run(engine: ReadingEngine) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    while engine.load:
        found |= {outcome.key.job_id: outcome for outcome in engine.step().outcomes}
    return found


def numbers(outcome: Outcome) -> list[list[float]]:
    assert outcome.ending is Ending.DONE, outcome
    assert outcome.numbers is not None
    listed: list[list[float]] = outcome.numbers.tolist()
    return listed


def test_numbers_come_in_the_order_of_the_texts(engine: ReadingEngine) -> None:
    engine.admit(request("a", "one two three", "x", "four five", "yy"))
    assert numbers(run(engine)["a"]) == [[3, 3], [1, 1], [2, 4], [1, 2]]


def test_requests_share_a_batch(engine: ReadingEngine, reader: Counting) -> None:
    for n in range(5):
        engine.admit(request(f"{n}", "a b", "c"))
    found = run(engine)
    assert len(reader.batches) == 1
    assert {name: numbers(each) for name, each in found.items()} == {
        f"{n}": [[2, 1], [1, 1]] for n in range(5)
    }


def test_a_batch_has_no_more_rows_and_tokens_than_a_step_may(engine: ReadingEngine, reader: Counting) -> None:
    engine.admit(request("many", *["a"] * 100, *["b " * 300] * 3, *["c " * 40] * 30))
    assert len(numbers(run(engine)["many"])) == 133
    for batch in reader.batches:
        assert len(batch) <= MOST_ROWS
        assert len(batch) == 1 or max(batch) * len(batch) <= MOST_TOKENS
    # Like lengths go together, so that little is filled up.
    assert [300] in reader.batches
    assert sum(max(batch) * len(batch) for batch in reader.batches) < 1.3 * (100 + 900 + 1_200)


def test_one_that_comes_late_has_its_turn_with_the_next_step(engine: ReadingEngine) -> None:
    engine.admit(request("large", *["a b c d"] * 2_000))
    engine.step()
    engine.admit(request("small", "e"))
    told = [outcome.key.job_id for _ in range(3) for outcome in engine.step().outcomes]
    assert told == ["small"]
    assert len(numbers(run(engine)["large"])) == 2_000


def test_a_text_that_is_too_long_fails_its_request_alone(engine: ReadingEngine) -> None:
    long = "a " * (CONTEXT + 1)
    engine.admit(request("long", "fine", long))
    engine.admit(request("cut", long, cut=True))
    engine.admit(request("fine", "fine"))
    found = run(engine)
    assert isinstance(found["long"].error, PromptTooLong)
    assert "input.texts.1" in str(found["long"].error)
    assert numbers(found["cut"]) == [[CONTEXT, 1]]
    assert numbers(found["fine"]) == [[1, 4]]


def test_what_is_no_reading_and_what_cannot_be_read_fail_alone(engine: ReadingEngine) -> None:
    engine.admit(ImageGeneration(Key("picture", 1), ImageParams(seed=1)))
    engine.admit(request("bad", "unreadable"))
    engine.admit(request("fine", "fine"))
    found = run(engine)
    assert isinstance(found["picture"].error, NotOffered)
    assert found["bad"].ending is Ending.FAILED
    assert "cannot" in str(found["bad"].error)
    assert found["fine"].ending is Ending.DONE


def test_a_batch_that_fails_fails_its_requests_and_no_others(engine: ReadingEngine, reader: Counting) -> None:
    def broken(rows: int) -> None:
        raise RuntimeError("broken")

    reader.before = broken
    engine.admit(request("a", "x"))
    engine.admit(request("b", "y"))
    outcomes = engine.step().outcomes + engine.step().outcomes
    assert {outcome.ending for outcome in outcomes} == {Ending.FAILED}
    assert all(outcome.error is not None and outcome.error.retryable for outcome in outcomes)
    reader.before = lambda rows: None
    engine.admit(request("c", "z"))
    assert numbers(run(engine)["c"]) == [[1, 1]]


def test_without_memory_for_all_fewer_are_read_at_a_time(engine: ReadingEngine, reader: Counting) -> None:
    def small(rows: int) -> None:
        if rows > 3:
            raise MemoryError

    reader.before = small
    engine.admit(request("a", *[f"{'x' * (n + 1)} y" for n in range(20)]))
    engine.admit(request("b", "z"))
    found = run(engine)
    assert numbers(found["a"]) == [[2, n + 1] for n in range(20)]
    assert numbers(found["b"]) == [[1, 1]]
    assert max(map(len, reader.batches)) <= 3


def test_a_text_that_does_not_fit_alone_fails(engine: ReadingEngine, reader: Counting) -> None:
    def none(rows: int) -> None:
        raise MemoryError

    reader.before = none
    engine.admit(request("a", "x"))
    assert isinstance(run(engine)["a"].error, EngineOutOfMemory)


def test_what_was_read_until_the_end_is_counted_and_not_told(reader: Counting) -> None:
    now = 0.0
    engine = ReadingEngine(
        reader, EngineInfo("counting", "1", "cpu", slots=8), width=2, context=CONTEXT, clock=lambda: now
    )
    engine.admit(request("late", *["a b"] * 100, deadline=5.0))
    engine.step()
    now = 6.0
    (late,) = engine.step().outcomes
    assert (late.ending, late.numbers, late.usage.tokens_in) == (Ending.DEADLINE, None, 2 * MOST_ROWS)
    engine.end(Key("late", 1), Ending.CANCELED)  # it may just have ended
    assert engine.load == 0
