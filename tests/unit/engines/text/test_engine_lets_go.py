"""What has left the engine takes no memory any more, and none is left for a collection of garbage to find."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_model import tiny_engine

from pressroom.contract.params import TextParams
from pressroom.engines.base import Ending, Key, TextGeneration
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.running import RunningGeneration, RunningOutput


@pytest.fixture
def no_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _request(name: str, **params: object) -> TextGeneration:
    chosen = TextParams.model_validate({"seed": 3, "max_tokens": 8, "temperature": 1.2, **params})
    return TextGeneration(Key(name, 1), chosen, prompt="hello world")


def _kept(kind: type) -> int:
    return sum(type(each) is kind for each in gc.get_objects())


def test_nothing_is_kept_of_those_that_left(any_folder: Path, no_collections: None) -> None:
    engine = tiny_engine(any_folder)
    try:
        run_to_end(engine, [_request(f"whole {number}", n=1 + number % 3) for number in range(9)])
        _cut(engine)
        engine.step()  # the last step's record goes with the next
        assert (_kept(RunningGeneration), _kept(RunningOutput)) == (0, 0)
    finally:
        engine.close()


def _cut(engine: TextEngine) -> None:
    """Some end while they wait, while they are filled and while they run."""
    names = [f"cut {number}" for number in range(9)]
    for name in names:
        engine.admit(_request(name, n=2))
    for _ in range(3):
        engine.step()
    for name in names:
        engine.end(Key(name, 1), Ending.CANCELED)
    while engine.load:
        engine.step()


def test_the_logits_behind_a_prompt_are_kept_only_for_outputs_to_come(engine: TextEngine) -> None:
    engine.admit(_request("one"))
    engine.admit(_request("several", n=8))
    for _ in range(3):
        engine.step()
    kept = {
        each.request.key.job_id: each.prompt_logits is not None
        for each in gc.get_objects()
        if type(each) is RunningGeneration
    }
    assert kept == {"one": False, "several": True}
