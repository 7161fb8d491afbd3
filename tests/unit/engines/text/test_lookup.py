"""Guesses from what was said before: where they come from, when they stop, and that they change no word."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.absent import missing
from tests.support.tiny_model import build_tiny_model

from pressroom.contract.guide import RegexGuide
from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Key, Step, TextGeneration, TextOutput
from pressroom.engines.kernels.library import kernels
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.lookup import Lookup
from pressroom.engines.text.opening import open_text_engine


def test_what_followed_the_last_two_the_last_time() -> None:
    lookup = Lookup([1, 2, 3, 4, 1, 2])
    assert lookup.guess(3) == [3, 4, 1]
    assert lookup.guess(1) == [3]
    assert lookup.guess(0) == []
    for token in (9, 1, 2):
        lookup.add(token)
    assert lookup.guess(2) == [9, 1]
    lookup.add(7)
    assert lookup.guess(3) == []


@pytest.mark.parametrize("prompt", [[], [1], [1, 1], [1, 2, 3]])
def test_of_little_nothing_is_guessed(prompt: list[int]) -> None:
    assert Lookup(prompt).guess(3) == []


def test_who_guesses_wrong_guesses_seldom_and_is_heard_again() -> None:
    lookup = Lookup([1, 2] * 10)
    tries = 0
    for _ in range(100):
        tries += bool(guess := lookup.guess(3))
        lookup.judged(len(guess), 0)
    assert 10 < tries < 20
    for _ in range(60):  # the times have changed
        lookup.judged(len(lookup.guess(3)), 3)
    assert all(lookup.guess(3) for _ in range(10))


# ---- in the engine -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["i8", "q8"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if kernels() is None:
        missing("the engines' kernels", "run `python scripts/build_kernels.py`")
    return build_tiny_model(tmp_path_factory.mktemp("models"), request.param, kind="Q4_1")


@pytest.fixture
def ahead(model: Path) -> Iterator[TextEngine]:
    opened = open_text_engine(model, provider="cpu", slots=4, slot_tokens=256, prefix_bytes=0)
    yield opened
    opened.close()


def _requests(dice: random.Random) -> list[TextGeneration]:
    requests = []
    for number in range(24):
        guided = number % 6 == 5
        params = TextParams.model_validate(
            {
                "seed": number,
                "max_tokens": dice.choice((1, 2, 3, 40, 90)),
                "temperature": dice.choice((0.0, 0.0, 0.3, 1.0)),
                "repetition_penalty": 1,
                "n": dice.choice((1, 1, 2)),
                "logprobs": dice.choice((None, 2)),
                "stop": () if guided else dice.choice(((), ("e",))),
                "guide": RegexGuide(type="regex", pattern="(ab|ac){1,30}") if guided else None,
            }
        )
        said = "hello world " * dice.choice((1, 4)) + "hello"
        chat = dice.random() < 0.5
        requests.append(
            TextGeneration(
                Key(str(number), 1),
                params,
                prompt=None if chat else said,
                messages=(ChatTurn("user", said),) if chat else (),
            )
        )
    return requests


def _texts(
    engine: TextEngine, requests: list[TextGeneration], at_once: int
) -> tuple[dict[str, tuple[TextOutput, ...]], int]:
    steps: list[Step] = []
    for begin in range(0, len(requests), at_once):
        steps += run_to_end(engine, requests[begin : begin + at_once])
    texts = {outcome.key.job_id: outcome.texts for step in steps for outcome in step.outcomes}
    for key, outputs in texts.items():
        for output in outputs:
            told = [d.text for s in steps for d in s.deltas if (d.key.job_id, d.index) == (key, output.index)]
            assert "".join(told) == output.text
    return texts, sum(step.guessed for step in steps)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_no_word_and_no_number_is_another(
    ahead: TextEngine, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    requests = _requests(random.Random(at_once))
    with_guesses, guessed = _texts(ahead, requests, at_once)
    monkeypatch.setattr(Lookup, "guess", lambda self, most: [])
    without, none = _texts(ahead, requests, at_once)
    assert with_guesses == without
    assert none == 0
    assert guessed > 50


def test_a_slot_is_filled_to_its_last_position(ahead: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses end where the slot does."""
    request = _requests(random.Random(0))[0]
    length = len(ahead._intake.reader.read(request, 256))
    params = TextParams(
        seed=1, temperature=0, repetition_penalty=1, max_tokens=256 - length, min_tokens=256 - length
    )
    full = TextGeneration(request.key, params, request.prompt, request.messages)
    with_guesses, guessed = _texts(ahead, [full], 1)
    monkeypatch.setattr(Lookup, "guess", lambda self, most: [])
    assert _texts(ahead, [full], 1)[0] == with_guesses
    assert guessed > 0


def test_without_our_kernels_nothing_is_guessed(model: Path) -> None:
    engine = open_text_engine(model, provider="cpu", slots=2, slot_tokens=256, kernels=False)
    assert _texts(engine, _requests(random.Random(1))[:4], 1)[1] == 0
    engine.close()
