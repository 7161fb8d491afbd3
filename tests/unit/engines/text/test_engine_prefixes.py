"""The text engine with prompts that begin alike: less is computed, and the same is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_model import tiny_engine

from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Ending, Key, Outcome, TextGeneration
from pressroom.engines.text.engine import TextEngine, run_to_end

VOICE = "hello world " * 70
ROOM = 64 << 20


@pytest.fixture
def engine(any_folder: Path) -> Iterator[TextEngine]:
    opened = tiny_engine(any_folder, prefix_bytes=ROOM)
    yield opened
    opened.close()


@pytest.fixture
def plain(any_folder: Path) -> Iterator[TextEngine]:
    opened = tiny_engine(any_folder)
    yield opened
    opened.close()


def row(number: int, *, scope: str = "acme", voice: str = VOICE, **params: object) -> TextGeneration:
    chosen = TextParams.model_validate({"seed": number, "max_tokens": 10, "temperature": 1.2, **params})
    turns = (ChatTurn("system", voice), ChatTurn("user", f"row {number} " * (1 + number % 3)))
    return TextGeneration(Key(f"r{number}", 1), chosen, messages=turns, scope=scope)


def run(engine: TextEngine, *rows: TextGeneration) -> tuple[dict[str, Outcome], int, int]:
    """Outcomes; how many tokens of prompts were computed, and how many reused."""
    steps = run_to_end(engine, rows)
    outcomes = {outcome.key.job_id: outcome for step in steps for outcome in step.outcomes}
    return outcomes, sum(step.filled for step in steps), sum(step.reused for step in steps)


def test_rows_with_one_voice_say_what_they_say_without_the_cache(
    engine: TextEngine, plain: TextEngine
) -> None:
    rows = [row(n, n=1 + n % 2) for n in range(12)]
    expected, all_tokens, nothing = run(plain, *rows)
    found, computed, reused = run(engine, *rows)
    assert {name: one.texts for name, one in found.items()} == {
        name: one.texts for name, one in expected.items()
    }
    assert nothing == 0
    assert computed + reused == all_tokens == sum(one.usage.tokens_in for one in expected.values())
    assert reused >= 128 * 9, "the first computes it, the second keeps it, from the third on it is there"


def test_a_reader_that_comes_alone_and_later_reuses_it_too(engine: TextEngine, plain: TextEngine) -> None:
    run(engine, row(1), row(2))
    found, _, reused = run(engine, row(3))
    assert reused >= 128
    assert found["r3"].texts == run(plain, row(3))[0]["r3"].texts


def test_the_very_same_prompt_still_computes_its_last_token(engine: TextEngine, plain: TextEngine) -> None:
    texts = [run(engine, row(5))[0]["r5"].texts for _ in range(4)]
    assert texts == [run(plain, row(5))[0]["r5"].texts] * 4
    _, computed, reused = run(engine, row(5))
    assert computed >= 1
    assert reused >= 128


def test_nothing_is_reused_of_another_tenant(engine: TextEngine) -> None:
    run(engine, row(1), row(2), row(3))
    assert run(engine, row(4, scope="bolt"))[2] == 0


def test_another_voice_begins_anew(engine: TextEngine) -> None:
    run(engine, row(1), row(2), row(3))
    assert run(engine, row(4, voice="world hello " * 70))[2] == 0


def test_one_that_ends_in_mid_prompt_leaves_nothing_wrong_behind(
    engine: TextEngine, plain: TextEngine
) -> None:
    engine._scheduler.chunk = plain._scheduler.chunk = 64
    for n in (1, 2):
        engine.admit(row(n))
        engine.step()
        engine.end(Key(f"r{n}", 1), Ending.CANCELED)
        while engine.load:
            engine.step()
    rows = [row(n) for n in range(3, 7)]
    found, _, reused = run(engine, *rows)
    assert reused > 0
    assert {name: one.texts for name, one in found.items()} == {
        name: one.texts for name, one in run(plain, *rows)[0].items()
    }


def test_the_room_is_kept_to(any_folder: Path) -> None:
    small = tiny_engine(any_folder, prefix_bytes=60_000)
    try:
        for voice in ("hello ", "world ", "hello world ", "world hello "):
            run(small, *(row(n, voice=voice * 40) for n in range(3)))
        assert 0 < small._prefixes.bytes <= 60_000
    finally:
        small.close()
