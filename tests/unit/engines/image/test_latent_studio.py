"""What is done with pictures, by a model that is easy to see through: its latent is the picture, twice as light."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.catalog.manifest import ImageTraits
from pressroom.contract.params import ImageParams
from pressroom.engines.base import (
    Ending,
    EngineInfo,
    EngineOutOfMemory,
    GenerationFailed,
    ImageGeneration,
    Key,
    NotOffered,
    Outcome,
    Pixels,
)
from pressroom.engines.image.decoder import Decoder
from pressroom.engines.image.encoder import Encoder
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.latent_studio import LatentStudio
from pressroom.engines.image.plans import BEGINNINGS, ROUNDS

LABELS = ("light", "dark")
EVERYTHING = ("sample", "reconstruct", "variation", "interpolate", "edit", "inpaint")


class _DecoderSession:
    """A picture is half its latent; one of class 1 is darker by 0.25."""

    inputs = ("z", "label")

    def __init__(self) -> None:
        self.rows = 0

    def run(self, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        self.rows += len(feeds["z"])
        darker = np.where(feeds["label"] == 1, 0.25, 0)[:, None]
        return [np.clip(feeds["z"] / 2 - darker, 0, 1).astype(np.float32).reshape(-1, 4, 4)]


class _EncoderSession:
    inputs: tuple[str, ...] = ("pixels", "label")
    outputs: tuple[str, ...] = ("mean", "log_variance")

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.first_failure = 2
        self.runs = 0

    def run(self, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        self.runs += 1
        if self.failure is not None and self.runs >= self.first_failure:
            raise self.failure
        mean = feeds["pixels"].reshape(-1, 16) * 2
        return [mean, np.full_like(mean, 0.25)]


class _World:
    def __init__(self) -> None:
        self.decoder, self.encoder = _DecoderSession(), _EncoderSession()
        self.traits = ImageTraits(
            operations=EVERYTHING,
            labels=LABELS,
            attributes=("light",),
            height=4,
            width=4,
            channels=1,
            latent=16,
            files={"decoder": "d.onnx", "encoder": "e.onnx", "attributes": "a.npz"},
        )
        decoder: Any = self.decoder
        encoder: Any = self.encoder
        self.studio = LatentStudio(
            Decoder(decoder, latents=16, labels=2, largest=8),
            self.traits,
            name="seen-through",
            encoder=Encoder(encoder),
            attributes={"light": np.full(16, 0.2, np.float32)},
        )
        self.engine = ImageEngine(self.studio, EngineInfo("seen-through", "1", "cpu", 8), gather_ms=0)

    def run(self, *pictures: Pixels, mask: Pixels | None = None, **params: Any) -> Outcome:
        key = Key(f"job-{np.random.default_rng().integers(1 << 40)}", 1)
        asked = ImageParams.model_validate({"seed": 3, **params})
        self.engine.admit(ImageGeneration(key, asked, pictures=pictures, mask=mask))
        found: list[Outcome] = []
        while self.engine.load:
            found += self.engine.step().outcomes
        return found[0]

    def pixels(self, *pictures: Pixels, mask: Pixels | None = None, **params: Any) -> list[Pixels]:
        outcome = self.run(*pictures, mask=mask, **params)
        assert outcome.ending is Ending.DONE, outcome.error
        assert [image.index for image in outcome.images] == list(range(len(outcome.images)))
        return [image.pixels for image in outcome.images]


@pytest.fixture
def world() -> _World:
    return _World()


def _picture(*shape: int, high: int = 256) -> Pixels:
    return np.random.default_rng(5).integers(0, high, shape, dtype=np.uint8)


def test_a_reconstruction_is_the_picture_as_the_model_sees_it(world: _World) -> None:
    picture = _picture(4, 4)
    made = world.pixels(picture, operation="reconstruct")
    assert len(made) == 1
    assert np.array_equal(made[0], picture)


@pytest.mark.parametrize("shape", [(4, 4), (9, 5), (6, 8, 3), (5, 5, 4)])
def test_a_variation_of_no_strength_is_the_very_original_and_others_are_not(
    world: _World, shape: tuple[int, ...]
) -> None:
    picture = _picture(*shape)
    for made in world.pixels(picture, operation="variation", strength=0, n=3):
        assert np.array_equal(made, picture)
    one, two = world.pixels(picture, operation="variation", strength=0.5, n=2)
    assert one.shape == picture.shape
    assert not np.array_equal(one, picture)
    assert not np.array_equal(one, two)


def test_variations_belong_to_their_seed_whoever_shares_the_batch(world: _World) -> None:
    picture = _picture(4, 4)
    alone = world.pixels(picture, operation="variation", n=5)
    params = ImageParams(operation="variation", n=5, seed=3)
    world.engine.admit(ImageGeneration(Key("a", 1), params, pictures=(picture,)))
    world.engine.admit(ImageGeneration(Key("b", 1), ImageParams(n=7, seed=1)))
    found = {}
    while world.engine.load:
        found.update({each.key.job_id: each for each in world.engine.step().outcomes})
    assert all(np.array_equal(x.pixels, y) for x, y in zip(found["a"].images, alone, strict=True))
    assert not np.array_equal(world.pixels(picture, operation="variation", n=5, seed=4)[0], alone[0])


def test_an_edit_adds_the_attribute_and_a_negative_one_takes_it_away(world: _World) -> None:
    picture = np.full((4, 4), 100, np.uint8)
    # Strength 1 moves each latent by 0.2, and a picture is half its latent.
    assert (world.pixels(picture, operation="edit", attribute="light", strength=1)[0] == 126).all()
    assert (world.pixels(picture, operation="edit", attribute="light", strength=-1)[0] == 74).all()
    row = world.pixels(picture, operation="edit", attribute="light", strength=2, n=2)
    assert [int(each[0, 0]) for each in row] == [126, 151]


def test_a_way_has_its_ends_as_they_are_and_goes_straight(world: _World) -> None:
    one, two = np.full((4, 4), 10, np.uint8), np.full((4, 4), 110, np.uint8)
    way = world.pixels(one, two, operation="interpolate", n=5)
    assert [int(each[0, 0]) for each in way] == [10, 35, 60, 85, 110]


def test_the_ends_of_a_way_are_exact_where_the_model_cannot_draw_them(world: _World) -> None:
    world.decoder.run = lambda feeds: [np.full((len(feeds["z"]), 4, 4), 0.5, np.float32)]  # type: ignore[method-assign]
    one, two = _picture(4, 4, high=100), _picture(4, 4)
    way = world.pixels(one, two, operation="interpolate", n=4)
    assert np.array_equal(way[0], one)
    assert np.array_equal(way[-1], two)


def test_inpainting_changes_nothing_outside_of_the_mask(world: _World) -> None:
    picture, mask = _picture(8, 8, 3), np.zeros((8, 8), np.uint8)
    mask[2:6, 3:7] = 255
    made = world.pixels(picture, mask=mask, operation="inpaint", n=3)
    assert len(made) == 3
    for each in made:
        assert np.array_equal(each[mask == 0], picture[mask == 0])
        assert not np.array_equal(each, picture)


def test_inpainting_begins_often_and_takes_its_turns(world: _World) -> None:
    picture, mask = _picture(4, 4), np.full((4, 4), 255, np.uint8)
    world.pixels(picture, mask=mask, operation="inpaint", n=2)
    assert world.engine.rows == 2 * (BEGINNINGS + ROUNDS)
    assert world.encoder.runs == 2 * ROUNDS


def test_a_picture_is_taken_for_the_class_that_draws_it_best(world: _World) -> None:
    # What is lighter than 0.75 cannot be drawn as one of the dark class.
    outcome = world.run(np.full((4, 4), 240, np.uint8), operation="reconstruct")
    assert [image.label for image in outcome.images] == ["light"]
    assert [
        image.label for image in world.run(_picture(4, 4), operation="variation", label="dark").images
    ] == ["dark"]


def test_truncation_draws_in_the_noise(world: _World) -> None:
    typical = world.pixels(truncation=0, n=4, label="light")
    assert all((each == 0).all() for each in typical)
    assert any((each != 0).any() for each in world.pixels(n=4, label="light"))


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"operation": "upscale"}, "does not upscale"),
        ({"operation": "variation", "label": "blue"}, "no label 'blue'"),
        ({"operation": "edit", "attribute": "round"}, "no attribute 'round'"),
    ],
)
def test_what_it_cannot_do_it_does_not_begin(world: _World, params: dict[str, Any], named: str) -> None:
    outcome = world.run(_picture(4, 4), **params)
    assert outcome.ending is Ending.FAILED
    assert isinstance(outcome.error, NotOffered)
    assert named in str(outcome.error)


@pytest.mark.parametrize(
    ("failure", "told"), [(RuntimeError("boom"), GenerationFailed), (MemoryError(), EngineOutOfMemory)]
)
def test_an_encoder_that_fails_in_the_midst_fails_that_request_alone(
    world: _World, failure: Exception, told: type[Exception]
) -> None:
    world.encoder.failure = failure
    mask = np.full((4, 4), 255, np.uint8)
    params = ImageParams(operation="inpaint", seed=1)
    world.engine.admit(ImageGeneration(Key("bad", 1), params, pictures=(_picture(4, 4),), mask=mask))
    world.engine.admit(ImageGeneration(Key("good", 1), ImageParams(n=40, seed=1)))
    found: dict[str, Outcome] = {}
    while world.engine.load:
        found.update({each.key.job_id: each for each in world.engine.step().outcomes})
    assert isinstance(found["bad"].error, told)
    assert found["good"].ending is Ending.DONE
    assert len(found["good"].images) == 40


@pytest.mark.parametrize("then", [RuntimeError("boom"), MemoryError()])
def test_a_work_that_failed_at_one_place_is_not_failed_again_at_another(then: Exception) -> None:
    """Two places of one picture job share batches: the second cannot be encoded, and then the batch itself fails. Wherever that
    happens, nothing else does."""
    mask = np.full((4, 4), 255, np.uint8)
    for first in range(1, 2 * ROUNDS + 1):
        world = _World()
        world.encoder.failure, world.encoder.first_failure = RuntimeError("no picture"), first
        whole = world.studio.draw

        def failing(
            rows: Sequence[Any], world: _World = world, whole: Any = whole, first: int = first
        ) -> Any:
            if world.encoder.runs >= first:
                raise then
            return whole(rows)

        world.studio.draw = failing  # type: ignore[method-assign]
        assert world.run(_picture(4, 4), mask=mask, operation="inpaint", n=2).ending is Ending.FAILED
        assert world.engine.load == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_latents_that_are_no_numbers_fail_the_request(world: _World, bad: float) -> None:
    world.encoder.run = lambda feeds: [np.full((1, 16), bad, np.float32)] * 2  # type: ignore[method-assign]
    outcome = world.run(_picture(4, 4), operation="reconstruct")
    assert isinstance(outcome.error, GenerationFailed)


def test_memory_that_does_not_do_halves_the_batch_and_changes_no_picture(world: _World) -> None:
    picture = _picture(4, 4)
    calm = world.pixels(picture, operation="variation", n=6)
    whole = world.studio.draw

    def tight(rows: Sequence[Any]) -> Any:
        if len(rows) > 2:
            raise MemoryError
        return whole(rows)

    world.studio.draw = tight  # type: ignore[method-assign]
    pressed = world.pixels(picture, operation="variation", n=6)
    assert all(np.array_equal(one, two) for one, two in zip(calm, pressed, strict=True))
