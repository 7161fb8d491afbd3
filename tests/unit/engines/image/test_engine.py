"""Which pictures share a batch, when a batch is drawn, and how a generation ends."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.catalog.manifest import ImageTraits
from pressroom.contract.params import ImageParams, TextParams
from pressroom.engines.base import (
    Ending,
    EngineInfo,
    EngineOutOfMemory,
    GenerationFailed,
    ImageGeneration,
    Key,
    NotOffered,
    Outcome,
    TextGeneration,
)
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.latent_studio import LatentStudio

LABELS = ("boot", "bag", "dress")
TRAITS = ImageTraits(
    labels=LABELS, height=2, width=2, channels=1, latent=4, files={"decoder": "decoder.onnx"}
)


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class _Decoder:
    """Draws each picture in the shade of its label; remembers its batches; takes time; fails when told."""

    def __init__(self, clock: _Clock) -> None:
        self.largest = 8
        self.duration = 0.5
        self.batches: list[list[int]] = []
        self.guidances: list[list[float]] = []
        self.failure: Exception | None = None
        self.fits = 1_000
        self.shade = 0.1
        self._clock = clock

    def run(
        self, z: NDArray[np.float32], label: NDArray[np.int64], guidance: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        if self.failure is not None:
            raise self.failure
        if len(z) > self.fits:
            raise MemoryError
        self._clock.now += self.duration
        self.batches.append(label.tolist())
        self.guidances.append(guidance.tolist())
        return np.broadcast_to((label * self.shade)[:, None, None], (len(z), 2, 2)).astype(np.float32)

    def verify(self) -> None:
        pass


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def decoder(clock: _Clock) -> _Decoder:
    return _Decoder(clock)


@pytest.fixture
def engine(decoder: _Decoder, clock: _Clock) -> ImageEngine:
    return _engine(decoder, clock, gather_ms=0)


def _engine(decoder: _Decoder, clock: _Clock, gather_ms: float) -> ImageEngine:
    info = EngineInfo("tiny", "1", "cpu", slots=decoder.largest)
    return ImageEngine(LatentStudio(decoder, TRAITS, name=info.model), info, gather_ms=gather_ms, clock=clock)  # type: ignore[arg-type]


def _job(
    name: str,
    n: int = 1,
    label: str | None = "bag",
    guidance: float = 1.0,
    seed: int = 1,
    deadline: float | None = None,
) -> ImageGeneration:
    params = ImageParams(label=label, n=n, guidance=guidance, seed=seed)
    return ImageGeneration(Key(name, 1), params, deadline)


def _finish(engine: ImageEngine) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for _ in range(100):
        if not engine.load:
            break
        outcomes |= {outcome.key.job_id: outcome for outcome in engine.step().outcomes}
    return outcomes


def test_singles_of_different_jobs_share_a_batch(engine: ImageEngine, decoder: _Decoder) -> None:
    engine.admit(_job("a", label="boot", guidance=0.0))
    engine.admit(_job("b", label="dress", guidance=2.5))
    outcomes = _finish(engine)
    assert decoder.batches == [[0, 2]]
    assert decoder.guidances == [[0.0, 2.5]]
    assert [outcomes[name].images[0].label for name in "ab"] == ["boot", "dress"]
    assert [int(outcomes[name].images[0].pixels[0, 0]) for name in "ab"] == [0, 51]
    assert (engine.batches, engine.rows) == (1, 2)


def test_a_large_job_does_not_starve_singles(engine: ImageEngine, decoder: _Decoder) -> None:
    engine.admit(_job("large", n=64, label="boot"))
    for number in range(3):
        engine.admit(_job(f"single-{number}", label="dress"))
    ended = {outcome.key.job_id for outcome in engine.step().outcomes}
    assert ended == {"single-0", "single-1", "single-2"}
    assert sorted(decoder.batches[0]) == [0] * 5 + [2] * 3


def test_two_large_jobs_share_each_batch_evenly(engine: ImageEngine, decoder: _Decoder) -> None:
    engine.admit(_job("a", n=12, label="boot"))
    engine.admit(_job("b", n=12, label="dress"))
    engine.step()
    engine.step()
    assert [batch.count(0) for batch in decoder.batches] == [4, 4]


def test_the_turn_goes_on_where_the_last_batch_ended(engine: ImageEngine, decoder: _Decoder) -> None:
    for number in range(12):  # more jobs than places: the last four come first in the next batch
        engine.admit(_job(f"{number}", n=2, label="dress" if number >= 8 else "boot"))
    engine.step()
    engine.step()
    assert decoder.batches[0] == [0] * 8
    assert decoder.batches[1] == [2] * 4 + [0] * 4


def test_images_come_in_order_of_index_and_alone_or_not_the_same(engine: ImageEngine) -> None:
    engine.admit(_job("a", n=20))
    outcome = _finish(engine)["a"]
    assert outcome.ending is Ending.DONE
    assert [image.index for image in outcome.images] == list(range(20))
    assert outcome.images[0].pixels.dtype == np.uint8
    assert outcome.images[0].pixels.shape == (2, 2)


def test_without_a_label_each_picture_draws_one_from_the_seed(engine: ImageEngine) -> None:
    engine.admit(_job("a", n=30, label=None, seed=3))
    engine.admit(_job("b", n=30, label=None, seed=3))
    engine.admit(_job("c", n=30, label=None, seed=4))
    outcomes = _finish(engine)
    labels = {name: [image.label for image in outcomes[name].images] for name in "abc"}
    assert labels["a"] == labels["b"] != labels["c"]
    assert set(labels["a"]) == set(LABELS)


def test_engine_seconds_add_up_to_the_time_spent(engine: ImageEngine) -> None:
    engine.admit(_job("a", n=12))
    engine.admit(_job("b", n=2))
    outcomes = _finish(engine)
    assert sum(outcome.usage.engine_seconds for outcome in outcomes.values()) == pytest.approx(2 * 0.5)
    assert outcomes["b"].first_output == 100.5


def _step_for(engine: ImageEngine, clock: _Clock, seconds: float) -> None:
    """Step every millisecond for so long."""
    for _ in range(round(seconds * 1000)):
        engine.step()
        clock.now += 0.001


def test_a_lone_request_waits_for_company_for_the_given_time(decoder: _Decoder, clock: _Clock) -> None:
    engine = _engine(decoder, clock, gather_ms=20)
    for number in range(3):  # one after the other is no crowd
        engine.admit(_job(f"{number}"))
        _step_for(engine, clock, 0.019)
        assert engine.load == 1
        clock.now += 0.002
        assert len(engine.step().outcomes) == 1
    assert decoder.batches == [[1]] * 3


def test_two_wait_until_nobody_follows(decoder: _Decoder, clock: _Clock) -> None:
    decoder.largest = 64
    engine = _engine(decoder, clock, gather_ms=20)
    for number in range(4):
        engine.admit(_job(f"{number}"))
        _step_for(engine, clock, 0.018)
    assert decoder.batches == []
    _step_for(engine, clock, 0.031)
    assert decoder.batches == []
    _step_for(engine, clock, 0.002)
    assert [len(batch) for batch in decoder.batches] == [4]


def test_a_crowd_that_does_not_end_is_drawn_in_time(decoder: _Decoder, clock: _Clock) -> None:
    decoder.largest = 64
    engine = _engine(decoder, clock, gather_ms=20)
    for number in range(20):
        engine.admit(_job(f"{number}"))
        _step_for(engine, clock, 0.015)
    assert [len(batch) for batch in decoder.batches] == [14]


def test_the_next_of_a_crowd_waits_as_one_of_it_and_a_later_one_does_not(
    decoder: _Decoder, clock: _Clock
) -> None:
    decoder.duration = 0.001
    engine = _engine(decoder, clock, gather_ms=20)
    for name in ("a", "b"):
        engine.admit(_job(name))
    _step_for(engine, clock, 0.060)
    engine.admit(_job("c"))
    _step_for(engine, clock, 0.040)
    assert len(decoder.batches) == 1
    _step_for(engine, clock, 0.020)
    assert len(decoder.batches) == 2
    clock.now += 0.2
    engine.admit(_job("d"))
    _step_for(engine, clock, 0.022)
    assert len(decoder.batches) == 3


@pytest.mark.parametrize(("gather_ms", "together"), [(20, True), (0, False)])
def test_arrivals_one_after_the_other_ride_together_by_gathering(
    decoder: _Decoder, clock: _Clock, gather_ms: float, together: bool
) -> None:
    decoder.largest, decoder.duration = 64, 0.0002
    engine = _engine(decoder, clock, gather_ms)
    for number in range(64):
        engine.admit(_job(f"{number}"))
        _step_for(engine, clock, 0.012)
    _step_for(engine, clock, 0.1)
    assert engine.rows == 64
    assert (engine.rows / engine.batches >= 8) is together


def test_a_full_batch_does_not_wait(decoder: _Decoder, clock: _Clock) -> None:
    engine = _engine(decoder, clock, gather_ms=60_000)
    engine.admit(_job("a", n=7))
    engine.step()
    assert decoder.batches == []
    engine.admit(_job("b"))
    engine.step()
    assert len(decoder.batches[0]) == 8


def test_cancel_while_gathering_is_told_at_once(decoder: _Decoder, clock: _Clock) -> None:
    engine = _engine(decoder, clock, gather_ms=60_000)
    engine.admit(_job("a"))
    engine.end(Key("a", 1), Ending.CANCELED)
    assert engine.load == 1
    assert [outcome.ending for outcome in engine.step().outcomes] == [Ending.CANCELED]
    assert engine.load == 0
    assert decoder.batches == []


@pytest.mark.parametrize("ending", [Ending.CANCELED, Ending.ABANDONED])
def test_ending_in_mid_job_keeps_the_pictures_done(engine: ImageEngine, ending: Ending) -> None:
    engine.admit(_job("a", n=20))
    engine.step()
    engine.end(Key("a", 1), ending)
    outcome = engine.step().outcomes[0]
    assert outcome.ending is ending
    assert [image.index for image in outcome.images] == list(range(8))
    assert outcome.usage.engine_seconds == pytest.approx(0.5)


def test_a_deadline_ends_a_job_between_batches(engine: ImageEngine, clock: _Clock) -> None:
    engine.admit(_job("a", n=20, deadline=clock.now + 0.5))
    assert engine.step().outcomes == ()
    outcome = engine.step().outcomes[0]
    assert outcome.ending is Ending.DEADLINE
    assert len(outcome.images) == 8


def test_an_unknown_label_fails_and_names_the_known_ones(engine: ImageEngine, decoder: _Decoder) -> None:
    engine.admit(_job("bad", label="hat"))
    engine.admit(_job("good"))
    outcomes = _finish(engine)
    error = outcomes["bad"].error
    assert outcomes["bad"].ending is Ending.FAILED
    assert isinstance(error, NotOffered)
    assert not error.retryable
    assert "'hat'" in str(error)
    assert "boot, bag, dress" in str(error)
    assert outcomes["good"].ending is Ending.DONE


def test_a_text_request_fails_clearly(engine: ImageEngine) -> None:
    engine.admit(TextGeneration(Key("t", 1), TextParams(seed=1), prompt="Hello"))
    assert isinstance(engine.step().outcomes[0].error, NotOffered)


@pytest.mark.parametrize("trouble", ["raises", "nan"])
def test_a_failing_model_fails_the_batch_and_the_engine_goes_on(
    engine: ImageEngine, decoder: _Decoder, trouble: str
) -> None:
    decoder.failure = RuntimeError("the device is gone") if trouble == "raises" else None
    decoder.shade = float("nan") if trouble == "nan" else 0.1
    engine.admit(_job("a", n=20))
    engine.admit(_job("b"))
    failed = engine.step().outcomes
    assert {outcome.key.job_id for outcome in failed} == {"a", "b"}
    assert all(outcome.ending is Ending.FAILED for outcome in failed)
    assert all(isinstance(outcome.error, GenerationFailed) and outcome.error.retryable for outcome in failed)
    assert engine.load == 0
    decoder.failure, decoder.shade = None, 0.1
    engine.admit(_job("c"))
    assert _finish(engine)["c"].ending is Ending.DONE


def test_without_memory_the_same_pictures_come_in_smaller_batches(
    engine: ImageEngine, decoder: _Decoder
) -> None:
    for name, n in (("a", 5), ("b", 1), ("c", 2)):
        engine.admit(_job(name, n=n, label=None))
    expected = _finish(engine)
    decoder.fits = 3
    for name, n in (("a", 5), ("b", 1), ("c", 2)):
        engine.admit(_job(name, n=n, label=None))
    decoder.batches.clear()
    found = _finish(engine)
    assert max(len(batch) for batch in decoder.batches) == 2, "8, 4, 2: halved until it fits"
    assert engine.slots_now == 2
    for name, outcome in found.items():
        assert outcome.ending is Ending.DONE
        assert [(i.index, i.label) for i in outcome.images] == [
            (i.index, i.label) for i in expected[name].images
        ]


def test_a_picture_that_does_not_fit_alone_fails_and_the_engine_goes_on(
    engine: ImageEngine, decoder: _Decoder
) -> None:
    decoder.fits = 0
    for name in "abc":
        engine.admit(_job(name, n=2))
    outcomes = _finish(engine)
    assert len(outcomes) == 3
    for outcome in outcomes.values():
        assert isinstance(outcome.error, EngineOutOfMemory)
        assert not outcome.error.retryable
    decoder.fits = 8
    engine.admit(_job("d"))
    assert _finish(engine)["d"].ending is Ending.DONE


def test_batches_grow_again_after_a_while(engine: ImageEngine, decoder: _Decoder, clock: _Clock) -> None:
    decoder.fits = 2
    engine.admit(_job("a", n=8))
    _finish(engine)
    decoder.fits = 8
    sizes = []
    for _ in range(8):
        clock.now += 700
        engine.admit(_job("b", n=1))
        _finish(engine)
        sizes.append(engine.slots_now)
    assert sizes == [3, 4, 5, 6, 7, 8, 8, 8]


def test_the_same_key_twice_is_the_callers_mistake(engine: ImageEngine) -> None:
    engine.admit(_job("a"))
    with pytest.raises(ValueError, match="already"):
        engine.admit(_job("a"))
