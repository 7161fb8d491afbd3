"""One suite for every engine: what ``Engine`` promises, kept by the fake and by the real ones.

To bring another engine under it, write a function that returns an ``EngineCase`` and add it to CASES.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.support.tiny_model import build_tiny_model, tiny_engine

from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams, ReadingParams, TextParams
from pressroom.engines.base import (
    Delta,
    Ending,
    Engine,
    Generation,
    ImageGeneration,
    Key,
    Outcome,
    ReadingGeneration,
    Step,
    TextGeneration,
)
from pressroom.engines.fake.engine import FakeEngine
from pressroom.engines.image.opening import open_image_engine
from pressroom.engines.reading.opening import open_reading_engine

ZOO = Path(__file__).parents[2] / "model_zoo"
FAR = 1e18  # seconds of time.monotonic: a deadline that no test meets


@dataclass(frozen=True)
class EngineCase:
    """An engine under test, and ``make(name, size, seed, deadline)``, a request that it takes.

    ``size`` counts tokens or pictures; a request of size ``LONG`` takes several steps.
    """

    engine: Engine
    make: Callable[[str, int, int, float | None], Generation]

    def admit(self, name: str, size: int = 3, seed: int = 1, deadline: float | None = None) -> Key:
        generation = self.make(name, size, seed, deadline)
        self.engine.admit(generation)
        return generation.key


LONG = 64


def _text(name: str, size: int, seed: int, deadline: float | None) -> Generation:
    params = TextParams(max_tokens=size, seed=seed, n=2)
    return TextGeneration(Key(name, 1), params, prompt="Write a line.", deadline=deadline)


def _image(name: str, size: int, seed: int, deadline: float | None) -> Generation:
    return ImageGeneration(Key(name, 1), ImageParams(label="boot", n=size, seed=seed), deadline)


def fake_text() -> EngineCase:
    return EngineCase(FakeEngine(slots=4), _text)


def fake_image() -> EngineCase:
    return EngineCase(FakeEngine(slots=4), _image)


def image() -> EngineCase:
    folder = ZOO / "vae-fashion"
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    engine = open_image_engine(folder, manifest, provider="cpu", max_batch=16, gather_ms=1)
    return EngineCase(engine, _image)


def text() -> EngineCase:
    with TemporaryDirectory() as folder:  # the weights are read when it is opened
        return EngineCase(tiny_engine(build_tiny_model(Path(folder), kind="Q4_1")), _text)


def _reading(name: str, size: int, seed: int, deadline: float | None) -> Generation:
    # A seed makes other texts, since nothing is drawn; a long one is of many.
    words = ("shit", "lamp", "love", "hell", "idiot", "desk", "hate", "kind")
    texts = tuple(" ".join(words[(seed + n * step) % 8] for step in range(12)) for n in range(size))
    return ReadingGeneration(Key(name, 1), ReadingParams(), texts, deadline)


def fake_reading() -> EngineCase:
    return EngineCase(FakeEngine(slots=4, width=3), _reading)


def moderation() -> EngineCase:
    folder = ZOO / "profanity"
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    return EngineCase(open_reading_engine(folder, manifest, provider="cpu"), _reading)


CASES: tuple[Callable[[], EngineCase], ...] = (
    fake_text,
    fake_image,
    fake_reading,
    image,
    text,
    moderation,
)


@pytest.fixture(params=CASES, ids=lambda case: case.__name__)
def case(request: pytest.FixtureRequest) -> Iterator[EngineCase]:
    opened: EngineCase = request.param()
    opened.engine.warm_up()
    yield opened
    opened.engine.close()


def _run(engine: Engine, steps: list[Step] | None = None) -> list[Step]:
    """Step until nothing is inside, as a loop would; an engine may gather for a few milliseconds."""
    steps = [] if steps is None else steps
    for _ in range(1_000_000):
        if not engine.load:
            return steps
        steps.append(engine.step())
    raise AssertionError("the engine never came to an end")


def _outcomes(steps: list[Step]) -> dict[str, Outcome]:
    found = [outcome for step in steps for outcome in step.outcomes]
    by_name = {outcome.key.job_id: outcome for outcome in found}
    assert len(by_name) == len(found), "an outcome was told twice"
    return by_name


def _content(outcome: Outcome) -> list[object]:
    """What was made, to compare."""
    texts = [(text.index, text.text, text.tokens, text.finish_reason) for text in outcome.texts]
    images = [(image.index, image.label, image.pixels.tobytes()) for image in outcome.images]
    # Rows of a batch are summed in another order than one alone.
    numbers = [] if outcome.numbers is None else outcome.numbers.round(5).tolist()
    return [*texts, *images, *numbers]


def _step_until_something_is_made(case: EngineCase) -> list[Step]:
    """Steps until the first output or delta; requests are long enough not to end in them."""
    steps: list[Step] = []
    watch = case.admit("watch", size=1)
    for _ in range(100_000):
        steps.append(case.engine.step())
        if any(outcome.key == watch for outcome in steps[-1].outcomes):
            return steps
    raise AssertionError("nothing was made")


def test_info_says_what_it_runs_on(case: EngineCase) -> None:
    info = case.engine.info
    assert info.model
    assert info.version
    assert info.provider
    assert info.slots >= 1


def test_a_step_with_nothing_to_do_is_empty(case: EngineCase) -> None:
    assert case.engine.step() == Step()
    assert case.engine.load == 0


def test_each_request_gets_one_outcome(case: EngineCase) -> None:
    for number in range(9):
        case.admit(f"{number}", seed=number)
    outcomes = _outcomes(_run(case.engine))
    assert set(outcomes) == {str(number) for number in range(9)}
    for outcome in outcomes.values():
        assert outcome.ending is Ending.DONE
        assert outcome.error is None
        assert outcome.texts or outcome.images or outcome.numbers is not None
        assert outcome.first_output is not None
        assert outcome.usage.engine_seconds >= 0
    assert case.engine.step() == Step()


def test_load_counts_what_is_inside(case: EngineCase) -> None:
    assert case.engine.load == 0
    for number in range(3):
        case.admit(f"{number}", size=LONG)
        assert case.engine.load == number + 1
    _run(case.engine)
    assert case.engine.load == 0


def test_outputs_are_numbered_from_zero(case: EngineCase) -> None:
    case.admit("a", size=5)
    outcome = _outcomes(_run(case.engine))["a"]
    indexes = [text.index for text in outcome.texts] + [image.index for image in outcome.images]
    assert indexes == list(range(len(indexes)))


def test_deltas_join_to_the_text(case: EngineCase) -> None:
    for number in range(6):
        case.admit(f"{number}", size=20, seed=number)
    steps = _run(case.engine)
    deltas: list[Delta] = [delta for step in steps for delta in step.deltas]
    for name, outcome in _outcomes(steps).items():
        for text in outcome.texts:
            mine = [delta for delta in deltas if delta.key.job_id == name and delta.index == text.index]
            assert "".join(delta.text for delta in mine) == text.text
    if any(outcome.images for outcome in _outcomes(steps).values()):
        assert deltas == []


def test_no_delta_comes_after_the_outcome(case: EngineCase) -> None:
    for number in range(6):
        case.admit(f"{number}", size=number + 1, seed=number)
    ended: set[Key] = set()
    for step in _run(case.engine):
        assert not ended & {delta.key for delta in step.deltas}
        ended |= {outcome.key for outcome in step.outcomes}


def test_the_same_seed_gives_the_same_result_alone_and_in_company(case: EngineCase) -> None:
    case.admit("alone", size=10, seed=42)
    alone = _outcomes(_run(case.engine))["alone"]
    for number in range(5):
        case.admit(f"before-{number}", size=7, seed=number)
    case.admit("among", size=10, seed=42)
    for number in range(5):
        case.admit(f"after-{number}", size=7, seed=100 + number)
    outcomes = _outcomes(_run(case.engine))
    assert _content(outcomes["among"]) == _content(alone)
    assert _content(outcomes["before-0"]) != _content(outcomes["before-1"])


def test_ending_an_unknown_key_changes_nothing(case: EngineCase) -> None:
    case.engine.end(Key("nobody", 1), Ending.CANCELED)
    key = case.admit("a")
    case.engine.end(Key("a", key.attempt + 1), Ending.CANCELED)  # another attempt is another key
    assert _outcomes(_run(case.engine))["a"].ending is Ending.DONE
    case.engine.end(key, Ending.CANCELED)
    assert case.engine.step() == Step()


@pytest.mark.parametrize("ending", [Ending.CANCELED, Ending.ABANDONED])
def test_ending_one_keeps_the_others(case: EngineCase, ending: Ending) -> None:
    doomed = case.admit("doomed", size=LONG)
    case.admit("other", size=5, seed=9)
    steps = _step_until_something_is_made(case)
    case.engine.end(doomed, ending)
    outcomes = _outcomes(_run(case.engine, steps))
    assert outcomes["doomed"].ending is ending
    assert outcomes["other"].ending is Ending.DONE
    reference = case.admit("other", size=5, seed=9)
    assert _content(_outcomes(_run(case.engine))[reference.job_id]) == _content(outcomes["other"])


def test_what_was_made_before_the_end_is_kept(case: EngineCase) -> None:
    doomed = case.admit("doomed", size=LONG, seed=3)
    steps = _step_until_something_is_made(case)
    case.engine.end(doomed, Ending.CANCELED)
    part = _outcomes(_run(case.engine, steps))["doomed"]
    case.admit("whole", size=LONG, seed=3)
    whole = _outcomes(_run(case.engine))["whole"]
    if isinstance(case.make("any", 1, 1, None), ReadingGeneration):
        # Half a table is no answer: numbers come whole, and what was read until then is counted.
        assert part.numbers is None
        assert 0 < part.usage.tokens_in < whole.usage.tokens_in
        return
    assert 0 < len(part.images) < LONG or any(text.text for text in part.texts)
    for some, all_ in zip(part.texts, whole.texts, strict=True):
        assert all_.text.startswith(some.text)
        assert some.finish_reason == "cut"
    for some_image, all_image in zip(part.images, whole.images, strict=False):
        assert some_image.pixels.tobytes() == all_image.pixels.tobytes()


def test_a_passed_deadline_ends_that_request_only(case: EngineCase) -> None:
    case.admit("late", size=LONG, deadline=0.0)
    case.admit("in-time", size=3, deadline=FAR)
    outcomes = _outcomes(_run(case.engine))
    assert outcomes["late"].ending is Ending.DEADLINE
    assert outcomes["in-time"].ending is Ending.DONE


def test_a_request_ended_before_it_starts_is_told(case: EngineCase) -> None:
    key = case.admit("a", size=LONG)
    case.engine.end(key, Ending.ABANDONED)
    outcome = _outcomes(_run(case.engine))["a"]
    assert outcome.ending is Ending.ABANDONED
    assert not outcome.images
    assert not any(text.text for text in outcome.texts)
