"""From a claim to the engine: pictures are read first, and what cannot be read ends the attempt with its reason."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.support.desk import Desk
from tests.support.scripted import Gathered
from tests.support.troubled import without_artifacts

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.retry import Failure, FailureKind
from pressroom.engines.base import ImageGeneration
from pressroom.jobs.uploads import upload_path
from pressroom.worker.holdings import Holding
from pressroom.worker.intake import Intake

ONE, TWO = "upl_" + "1" * 32, "upl_" + "2" * 32


class World:
    def __init__(self) -> None:
        self.artifacts: Any = without_artifacts(MemoryArtifacts())
        self.begun, self.refused, self.started = Gathered(), Gathered(), Gathered()
        self.intake = Intake(
            self.artifacts,
            chats=lambda holding: True,
            started=self.started,
            submit=self.begun,
            refuse=lambda holding, failure: self.refused(failure),
        )
        self.desk = Desk(MemoryJobStore())

    def put(self, upload_id: str, pixels: Any) -> None:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        self.artifacts.put(upload_path(upload_id), buffer.getvalue(), "image/png")

    def take(self, given: dict[str, Any], **params: Any) -> None:
        # Its pool is the desk's; nobody here looks at it.
        claim = self.desk.running(kind="image", input=given, params={"seed": 1, **params})
        self.intake.take(Holding(claim, 1, 0.0))


@pytest.fixture
def world() -> World:
    return World()


def _told(world: World) -> Failure:
    world.refused.wait(1)
    failure = world.refused.items[0]
    assert isinstance(failure, Failure)
    assert not world.begun.items
    assert not world.started.items
    return failure


def test_a_job_without_pictures_goes_straight_on(world: World) -> None:
    world.take({}, label="boot")
    assert len(world.begun.items) == len(world.started.items) == 1


def test_pictures_and_mask_come_as_pixels(world: World) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    world.put(ONE, colour)
    world.put(TWO, np.full((5, 7, 3), 255, np.uint8))
    world.take({"pictures": [{"upload": ONE}], "mask": {"upload": TWO}}, operation="inpaint")
    world.begun.wait(1)
    generation = world.begun.items[0]
    assert isinstance(generation, ImageGeneration)
    assert np.array_equal(generation.pictures[0], colour)
    assert generation.mask is not None
    assert generation.mask.shape == (5, 7)
    assert (generation.mask == 255).all()


def test_words_come_along(world: World) -> None:
    world.take({"prompt": "a van"}, operation="icon")
    assert world.begun.items[0].words == "a van"


def test_a_picture_that_is_gone_ends_the_job(world: World) -> None:
    world.take({"pictures": [{"upload": ONE}]}, operation="reconstruct")
    failure = _told(world)
    assert (failure.kind, failure.code) == (FailureKind.PERMANENT, "picture_gone")


def test_a_store_that_is_away_is_tried_again(world: World) -> None:
    world.put(ONE, np.zeros((3, 3), np.uint8))
    world.artifacts.fail("get", times=1)
    world.take({"pictures": [{"upload": ONE}]}, operation="reconstruct")
    failure = _told(world)
    assert (failure.kind, failure.code) == (FailureKind.ERROR, "artifacts_unavailable")


def test_bytes_that_are_no_picture_any_more_are_told(world: World) -> None:
    world.artifacts.put(upload_path(ONE), b"\x89PNG broken", "image/png")
    world.take({"pictures": [{"upload": ONE}]}, operation="reconstruct")
    assert _told(world).code == "picture_unreadable"


def test_params_that_nobody_can_read_end_the_job(world: World) -> None:
    world.take({}, guidance="much")
    assert _told(world).code == "job_unreadable"


def test_after_its_stop_what_works_on_pictures_is_left_to_its_lease(world: World) -> None:
    world.intake.stop()
    world.take({"pictures": [{"upload": ONE}]}, operation="reconstruct")
    assert not world.begun.items
    assert not world.refused.items
