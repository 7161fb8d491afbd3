"""Tiles and their rims: the large picture is what the network makes of the whole, and nobody sees a seam."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.catalog.manifest import ImageTraits
from pressroom.contract.params import ImageParams
from pressroom.engines.base import (
    Ending,
    EngineInfo,
    GenerationFailed,
    ImageGeneration,
    Key,
    NotOffered,
    Outcome,
    Pixels,
)
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.upscaling import RIM, UpscaleStudio

CORE, TIMES = 8, 2
SIDE = CORE + 2 * RIM
TRAITS = ImageTraits(
    operations=("upscale",), height=SIDE, width=SIDE, channels=3, times=TIMES, files={"upscaler": "u.onnx"}
)


def _spread(pixels: NDArray[np.float32], far: int) -> NDArray[np.float32]:
    """Each pixel the mean of its neighbours ``far`` away, as a network sees that looks so far: (H, W, 3)."""
    padded = np.pad(pixels, ((far, far), (far, far), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    corners = [padded[y : y + height, x : x + width] for y in (0, 2 * far) for x in (0, 2 * far)]
    mean: NDArray[np.float32] = np.mean(corners, axis=0, dtype=np.float32)
    return mean


class _Session:
    """Twice as large, of what lies as far around as a rim is wide."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, ...]] = []
        self.value: float | None = None

    def run(self, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        pixels = feeds["pixels"]
        self.runs.append(pixels.shape)
        made = _spread(pixels[0], RIM).repeat(TIMES, 0).repeat(TIMES, 1)
        if self.value is not None:
            made = np.full_like(made, self.value)
        return [made[None]]


@pytest.fixture
def session() -> _Session:
    return _Session()


def _run(session: Any, picture: Pixels, **params: Any) -> Outcome:
    studio = UpscaleStudio(session, TRAITS, "large")
    engine = ImageEngine(studio, EngineInfo("large", "1", "cpu", 4), gather_ms=0)
    engine.warm_up()
    asked = ImageParams.model_validate({"operation": "upscale", "seed": 1, **params})
    engine.admit(ImageGeneration(Key("a", 1), asked, pictures=(picture,)))
    found: list[Outcome] = []
    while engine.load:
        found += engine.step().outcomes
    return found[0]


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (5, 19), (16, 24), (23, 7)])
def test_tiles_make_what_the_whole_would_have_become(session: _Session, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (*size, 3), dtype=np.uint8)
    outcome = _run(session, picture)
    assert outcome.ending is Ending.DONE
    whole = _spread(picture.astype(np.float32) / np.float32(255), RIM).repeat(TIMES, 0).repeat(TIMES, 1)
    made = outcome.images[0].pixels
    assert np.array_equal(made, np.rint(whole * 255).astype(np.uint8))
    assert not outcome.images[0].scalable
    assert set(session.runs) == {(1, SIDE, SIDE, 3)}


@pytest.mark.parametrize(("shape", "made"), [((9, 9), (18, 18)), ((9, 9, 4), (18, 18, 4))])
def test_grey_stays_grey_and_transparency_grows_along(
    session: _Session, shape: tuple[int, ...], made: tuple[int, ...]
) -> None:
    picture = np.full(shape, 77, np.uint8)
    pixels = _run(session, picture).images[0].pixels
    assert pixels.shape == made
    if len(shape) == 3:
        assert (pixels[..., 3] == 77).all()
    else:
        assert (pixels == 77).all()


def test_a_picture_of_many_tiles_lets_others_in_between() -> None:
    plain: Any = _Session()
    engine = ImageEngine(
        UpscaleStudio(plain, TRAITS, "large"), EngineInfo("large", "1", "cpu", 4), gather_ms=0
    )
    params = ImageParams(operation="upscale", seed=1)
    big, small = np.zeros((80, 80, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    engine.admit(ImageGeneration(Key("big", 1), params, pictures=(big,)))
    engine.step()
    engine.admit(ImageGeneration(Key("small", 1), params, pictures=(small,)))
    ended = []
    while engine.load:
        ended += [outcome.key.job_id for outcome in engine.step().outcomes]
    assert ended == ["small", "big"]


def test_it_does_nothing_else(session: _Session) -> None:
    outcome = _run(session, np.zeros((4, 4), np.uint8), operation="reconstruct")
    assert isinstance(outcome.error, NotOffered)


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_pixels_that_are_no_numbers_fail_it(session: _Session, bad: float) -> None:
    session.value = 0.5
    studio: Any = session
    engine = ImageEngine(
        UpscaleStudio(studio, TRAITS, "large"), EngineInfo("large", "1", "cpu", 4), gather_ms=0
    )
    engine.warm_up()
    session.value = bad
    engine.admit(
        ImageGeneration(
            Key("a", 1), ImageParams(operation="upscale", seed=1), pictures=(np.zeros((4, 4), np.uint8),)
        )
    )
    assert isinstance(engine.step().outcomes[0].error, GenerationFailed)
