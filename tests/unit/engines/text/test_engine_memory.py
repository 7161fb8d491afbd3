"""The text engine when onnxruntime finds no memory: with its real class of error, on the tiny model."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException
from tests.support.tiny_model import build_tiny_model, tiny_engine

from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Ending, EngineOutOfMemory, Key, Outcome, TextGeneration
from pressroom.engines.text.decoder import Decoder
from pressroom.engines.text.engine import TextEngine


class Short:
    """A session that runs while ``fits`` says so. It is asked with (rows, tokens of a row)."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.shape = (0, 0)
        self.rows = 1_000
        self.prompt_beside = True
        self.running: Callable[[], int] = lambda: 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def run_with_iobinding(self, binding: Any) -> None:
        rows, tokens = self.shape
        if rows > self.rows or (tokens > 1 and not self.prompt_beside and self.running()):
            raise RuntimeException("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bad allocation")
        self._raw.run_with_iobinding(binding)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models"), kind="Q4_1")


@pytest.fixture
def engine(folder: Path) -> Iterator[TextEngine]:
    opened = tiny_engine(folder, slots=8)
    yield opened
    opened.close()


@pytest.fixture
def short(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> Short:
    decoder = engine._decoder
    assert isinstance(decoder, Decoder)
    made = Short(decoder._session.raw)
    made.running = lambda: engine.running
    monkeypatch.setattr(decoder, "_session", replace(decoder._session, raw=made))
    real = decoder._run

    def run(slot: int, ids: Any, lengths: Any, positions: Any) -> Any:
        made.shape = ids.shape
        return real(slot, ids, lengths, positions)

    monkeypatch.setattr(decoder, "_run", run)
    return made


def request(name: str, text: str = "hello world", **params: object) -> TextGeneration:
    chosen = TextParams.model_validate({"seed": 3, "max_tokens": 12, "temperature": 1.2, **params})
    return TextGeneration(Key(name, 1), chosen, messages=(ChatTurn("user", text),))


def run(engine: TextEngine, *requests: TextGeneration) -> dict[str, Outcome]:
    for one in requests:
        engine.admit(one)
    found: dict[str, Outcome] = {}
    for _ in range(500):
        if not engine.load:
            return found
        found.update({outcome.key.job_id: outcome for outcome in engine.step().outcomes})
    raise AssertionError("the engine does not come to an end")


def test_in_a_decode_the_youngest_are_given_back_and_the_others_say_what_they_would(
    engine: TextEngine, short: Short
) -> None:
    requests = [request(f"r{n}", seed=n, max_tokens=30) for n in range(6)]
    alone = {one.key.job_id: run(engine, one)[one.key.job_id].texts for one in requests}
    short.rows = 3
    found = run(engine, *requests)
    endings = {name: outcome.ending for name, outcome in found.items()}
    assert Ending.GIVEN_BACK in endings.values()
    assert Ending.FAILED not in endings.values()
    assert endings["r0"] is Ending.DONE, "the oldest gets on"
    for name, outcome in found.items():
        if outcome.ending is Ending.DONE:
            assert outcome.texts == alone[name]
    assert 1 <= engine.slots_now <= 3
    # What was given back comes again, and fits now.
    again = run(engine, *(one for one in requests if endings[one.key.job_id] is Ending.GIVEN_BACK))
    assert {name: outcome.texts for name, outcome in again.items()} == {name: alone[name] for name in again}


def test_a_prompt_that_does_not_fit_beside_others_waits_and_nobody_is_given_back(
    engine: TextEngine, short: Short
) -> None:
    requests = [request(f"r{n}", seed=n) for n in range(4)]
    alone = {one.key.job_id: run(engine, one)[one.key.job_id].texts for one in requests}
    short.prompt_beside = False
    found = run(engine, *requests)
    assert {name: outcome.texts for name, outcome in found.items()} == alone
    assert engine.slots_now == 1


@pytest.mark.parametrize("n", [1, 4])
def test_what_does_not_fit_alone_fails_and_says_so(engine: TextEngine, short: Short, n: int) -> None:
    short.rows = 0
    for outcome in run(engine, request("a", n=n), request("b")).values():
        assert outcome.ending is Ending.FAILED
        assert isinstance(outcome.error, EngineOutOfMemory)
        assert not outcome.error.retryable
    short.rows = 8
    assert run(engine, request("c"))["c"].ending is Ending.DONE


def test_several_outputs_of_one_job_come_one_after_the_other_at_its_next_try(
    engine: TextEngine, short: Short
) -> None:
    expected = run(engine, request("a", n=4))["a"].texts
    short.rows = 1
    endings = []
    for _ in range(4):
        outcome = run(engine, request("a", n=4))["a"]
        endings.append(outcome.ending)
        if outcome.ending is Ending.DONE:
            break
    assert (endings[0], endings[-1]) == (Ending.GIVEN_BACK, Ending.DONE)
    assert outcome.texts == expected


def test_other_errors_still_break_the_engine(
    engine: TextEngine, short: Short, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.admit(request("a"))
    monkeypatch.setattr(
        short, "run_with_iobinding", lambda binding: (_ for _ in ()).throw(RuntimeException("gone"))
    )
    with pytest.raises(RuntimeException, match="gone"):
        engine.step()


def test_a_prompt_that_is_being_filled_when_a_decode_finds_no_memory_still_gets_its_turn(
    engine: TextEngine, short: Short
) -> None:
    engine._scheduler.chunk = 8
    late = request("late", "hello world " * 4)
    expected = run(engine, late)["late"].texts
    for n in range(4):
        engine.admit(request(f"r{n}", "a", seed=n, max_tokens=60, temperature=0))
    while engine.running < 4:
        engine.step()
    engine.admit(late)
    engine.step()
    assert engine._slots.filling is not None
    assert engine.running == 4
    short.rows = 2
    found = run(engine)
    assert found["late"].texts == expected
