"""The fake engine's own promises: its pace, its slots, and the trouble it makes when told to."""

import signal
import subprocess
import sys
import threading

import pytest

from pressroom.contract.params import ImageParams, TextParams
from pressroom.engines.base import (
    ChatTurn,
    Ending,
    EngineOutOfMemory,
    GenerationFailed,
    ImageGeneration,
    Key,
    Outcome,
    Step,
    TextGeneration,
)
from pressroom.engines.fake.engine import FakeEngine, fails_at_first, faults_by_words


def _text(name: str = "a", attempt: int = 1, prompt: str = "Write", **params: object) -> TextGeneration:
    resolved = TextParams.model_validate({"seed": 1, "max_tokens": 6} | params)
    return TextGeneration(Key(name, attempt), resolved, prompt=prompt)


def _run(engine: FakeEngine, limit: int = 1000) -> list[Step]:
    steps: list[Step] = []
    while engine.load and len(steps) < limit:
        steps.append(engine.step())
    return steps


def _outcomes(steps: list[Step]) -> dict[str, Outcome]:
    return {outcome.key.job_id: outcome for step in steps for outcome in step.outcomes}


@pytest.mark.parametrize(("tokens_per_step", "steps"), [(1, 6), (4, 2), (100, 1)])
def test_a_step_makes_the_tokens_it_is_told_to(tokens_per_step: int, steps: int) -> None:
    engine = FakeEngine(tokens_per_step=tokens_per_step)
    engine.admit(_text())
    outcome = _outcomes(_run(engine))["a"]
    assert engine.steps == steps
    assert outcome.usage.tokens_out == 6
    assert outcome.texts[0].finish_reason == "length"
    assert len(outcome.texts[0].text.split()) == 6


def test_no_more_than_its_slots_run_at_once() -> None:
    engine = FakeEngine(slots=2)
    for name in "abc":
        engine.admit(_text(name))
    assert {delta.key.job_id for delta in engine.step().deltas} == {"a", "b"}
    assert engine.load == 3
    assert set(_outcomes(_run(engine))) == {"a", "b", "c"}
    assert engine.steps == 12


def test_each_step_takes_its_time_and_engine_seconds_add_up() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    engine = FakeEngine(step_seconds=0.25, clock=lambda: now[0], sleep=sleep)
    engine.admit(_text("a", max_tokens=4))
    engine.admit(_text("b", max_tokens=2))
    outcomes = _outcomes(_run(engine))
    assert now[0] == pytest.approx(1.0)
    assert outcomes["a"].usage.engine_seconds == pytest.approx(0.75)
    assert outcomes["b"].usage.engine_seconds == pytest.approx(0.25)
    assert outcomes["a"].first_output == 0.25


def test_text_stops_before_a_stop_string() -> None:
    plain = FakeEngine()
    plain.admit(_text(max_tokens=40))
    full = _outcomes(_run(plain))["a"].texts[0].text
    stop = full.split()[20]
    engine = FakeEngine(tokens_per_step=7)
    engine.admit(_text(max_tokens=40, stop=(stop,)))
    outcome = _outcomes(_run(engine))["a"]
    assert outcome.texts[0].text == full[: full.index(stop)]
    assert outcome.texts[0].finish_reason == "stop"


def test_several_texts_of_one_job_differ() -> None:
    engine = FakeEngine()
    engine.admit(_text(n=3, max_tokens=20))
    texts = _outcomes(_run(engine))["a"].texts
    assert [text.index for text in texts] == [0, 1, 2]
    assert len({text.text for text in texts}) == 3


def test_pictures_come_one_a_step() -> None:
    engine = FakeEngine()
    engine.admit(ImageGeneration(Key("p", 1), ImageParams(label="boot", n=3, seed=5)))
    outcome = _outcomes(_run(engine))["p"]
    assert engine.steps == 3
    assert [image.pixels.shape for image in outcome.images] == [(28, 28)] * 3
    assert len({image.pixels.tobytes() for image in outcome.images}) == 3


def test_told_to_fail_it_fails_that_generation_only() -> None:
    engine = FakeEngine(faults=faults_by_words)
    engine.admit(_text("bad", prompt="please <fail>"))
    engine.admit(_text("good"))
    outcomes = _outcomes(_run(engine))
    assert outcomes["bad"].ending is Ending.FAILED
    assert isinstance(outcomes["bad"].error, GenerationFailed)
    assert outcomes["good"].ending is Ending.DONE


def test_the_sign_may_stand_in_a_message_or_a_label() -> None:
    engine = FakeEngine(faults=faults_by_words)
    turns = (ChatTurn("user", "now <fail>"),)
    engine.admit(TextGeneration(Key("chat", 1), TextParams(seed=1), messages=turns))
    engine.admit(ImageGeneration(Key("picture", 1), ImageParams(label="<fail>", seed=1)))
    assert {outcome.ending for outcome in engine.step().outcomes} == {Ending.FAILED}


def test_first_attempts_can_fail() -> None:
    engine = FakeEngine(faults=fails_at_first(2))
    for attempt in (1, 2, 3):
        engine.admit(_text(f"{attempt}", attempt=attempt))
    outcomes = _outcomes(_run(engine))
    assert [outcomes[name].ending for name in "123"] == [Ending.FAILED, Ending.FAILED, Ending.DONE]


def test_a_stalled_generation_stays_while_others_finish() -> None:
    engine = FakeEngine(faults=faults_by_words)
    engine.admit(_text("stuck", prompt="<stall>"))
    engine.admit(_text("good"))
    assert set(_outcomes(_run(engine, limit=20))) == {"good"}
    assert engine.load == 1
    engine.end(Key("stuck", 1), Ending.ABANDONED)
    assert _outcomes(_run(engine))["stuck"].ending is Ending.ABANDONED


@pytest.mark.parametrize("let_go", [FakeEngine.release, FakeEngine.close])
def test_a_hanging_step_blocks_until_it_is_let_go(let_go: object) -> None:
    engine = FakeEngine(faults=faults_by_words)
    engine.admit(_text("stuck", prompt="<hang>"))
    ended: list[Step] = []
    thread = threading.Thread(target=lambda: ended.extend(_run(engine)), daemon=True)
    thread.start()
    thread.join(timeout=0.05)
    assert thread.is_alive()
    assert engine.steps == 0
    assert callable(let_go)
    let_go(engine)
    thread.join(timeout=10)
    assert _outcomes(ended)["stuck"].ending is Ending.DONE


@pytest.mark.parametrize(
    ("sign", "attempt", "crashes"),
    [
        ("<crash>", 1, True),
        ("<crash>", 9, True),
        ("<crash:2>", 2, True),
        ("<crash:2>", 3, False),
        ("<crash:0>", 1, False),
        ("<crash:>", 1, False),
        ("<crash:-1>", 1, False),
        ("crash", 1, False),
    ],
)
def test_a_crash_may_be_ordered_for_the_first_attempts(sign: str, attempt: int, crashes: bool) -> None:
    class Died(Exception):
        pass

    def die() -> None:
        raise Died

    engine = FakeEngine(faults=faults_by_words, crash=die)
    engine.admit(_text("poison", attempt=attempt, prompt=f"please {sign} now"))
    if crashes:
        with pytest.raises(Died):
            engine.step()
    else:
        assert _outcomes(_run(engine))["poison"].ending is Ending.DONE


def test_a_crash_ends_the_process() -> None:
    code = (
        "from pressroom.contract.params import TextParams\n"
        "from pressroom.engines.base import Key, TextGeneration\n"
        "from pressroom.engines.fake.engine import FakeEngine, faults_by_words\n"
        "engine = FakeEngine(faults=faults_by_words)\n"
        "engine.admit(TextGeneration(Key('a', 1), TextParams(seed=1), prompt='<crash>'))\n"
        "engine.step()\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGSEGV


def test_out_of_memory_the_youngest_are_given_back_and_alone_it_fails() -> None:
    engine = FakeEngine(slots=4, faults=faults_by_words)
    engine.admit(_text("big", prompt="<oom> Write"))
    for name in "abc":
        engine.admit(_text(name))
    assert {name: o.ending for name, o in _outcomes([engine.step()]).items()} == {
        "b": Ending.GIVEN_BACK,
        "c": Ending.GIVEN_BACK,
    }
    assert engine.slots_now == 2
    found = _outcomes(_run(engine))
    assert found["a"].ending is Ending.GIVEN_BACK
    assert isinstance(found["big"].error, EngineOutOfMemory)
    assert engine.slots_now == 1
    engine.admit(_text("big", attempt=2, prompt="<oom:1> Write"))
    assert _outcomes(_run(engine))["big"].ending is Ending.DONE


def test_thousands_of_jobs_go_through() -> None:
    engine = FakeEngine(slots=64, tokens_per_step=100)
    for number in range(3000):
        engine.admit(_text(f"{number}", max_tokens=2))
    assert len(_outcomes(_run(engine))) == 3000
    assert engine.load == 0
