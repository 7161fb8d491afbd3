"""An engine is rated by texts of its own, and left as it was."""

from pathlib import Path

import pytest
from tests.support.tiny_model import tiny_engine

from pressroom.engines.base import EngineUnavailable, GenerationFailed, Step
from pressroom.engines.text.engine import TextEngine
from pressroom.engines.text.rating import rate


def test_rates_are_of_whole_texts(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []
    step = engine.step

    def watched() -> Step:
        made = step()
        running.append(engine.running)
        return made

    monkeypatch.setattr(engine, "step", watched)
    rates = rate(engine)
    assert min(rates.prompt, rates.alone, rates.together) > 0
    assert max(running) == engine.info.slots
    assert engine.load == 0


@pytest.mark.parametrize("slot_tokens", [64, 100])
def test_small_slots_are_rated_too(folder: Path, slot_tokens: int) -> None:
    engine = tiny_engine(folder, slots=1, slot_tokens=slot_tokens)
    assert rate(engine).together > 0
    engine.close()


def test_an_engine_that_fails_is_not_rated(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[int]:
        raise GenerationFailed("It broke.")

    monkeypatch.setattr(engine._intake.reader, "read", refuse)
    with pytest.raises(EngineUnavailable, match="It broke"):
        rate(engine)
