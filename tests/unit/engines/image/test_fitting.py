"""A picture of any size in the model's frame, and a change of it in the picture again."""

import numpy as np
import pytest

from pressroom.engines.base import Pixels
from pressroom.engines.image.fitting import Frame, changed, on_paper

GREY, COLOUR = Frame(28, 28, 1), Frame(64, 64, 3)


def _picture(*shape: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def test_a_picture_of_the_frames_size_is_seen_as_it_is() -> None:
    picture = _picture(28, 28)
    assert np.array_equal(np.rint(GREY.seen(picture) * 255), picture)


@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (300, 20), (20, 300, 3), (64, 64, 4), (7, 5, 3)])
@pytest.mark.parametrize("frame", [GREY, COLOUR])
def test_every_picture_fits_the_frame_and_no_change_is_none(frame: Frame, shape: tuple[int, ...]) -> None:
    picture = _picture(*shape)
    seen = frame.seen(picture)
    assert seen.shape == ((28, 28) if frame is GREY else (64, 64, 3))
    assert seen.dtype == np.float32
    assert (seen >= 0).all()
    assert (seen <= 1).all()
    made = changed(picture, frame.back(np.zeros_like(seen), picture))
    assert np.array_equal(on_paper(made, frame.channels), on_paper(picture, frame.channels))
    if made.shape == picture.shape:
        assert np.array_equal(made, picture)


def test_a_picture_keeps_its_form_and_its_edge_goes_on_around_it() -> None:
    tall = np.full((56, 28), 200, np.uint8)
    tall[20:36, 10:18] = 0
    seen = GREY.seen(tall)
    assert seen[:, :7] == pytest.approx(200 / 255)  # beside it
    assert seen[:, 21:] == pytest.approx(200 / 255)
    assert seen[14, 14] == pytest.approx(0, abs=0.1)


def test_what_is_transparent_lies_on_black_for_grey_models_and_on_white_for_colour() -> None:
    nothing = np.zeros((4, 4, 4), np.uint8)
    assert (on_paper(nothing, 1) == 0).all()
    assert (on_paper(nothing, 3) == 255).all()


def test_a_change_leaves_transparency_alone() -> None:
    picture = _picture(5, 5, 4)
    made = changed(picture, np.full((5, 5), 0.1, np.float32))
    assert np.array_equal(made[..., 3], picture[..., 3])
    assert not np.array_equal(made[..., :3], picture[..., :3])


def test_a_change_in_colour_makes_a_grey_picture_one_in_colour() -> None:
    change = np.zeros((3, 3, 3), np.float32)
    change[..., 0] = 0.5
    made = changed(np.full((3, 3), 100, np.uint8), change)
    assert made.tolist()[0][0] == [228, 100, 100]


def test_a_change_stops_at_black_and_white() -> None:
    made = changed(np.array([[0, 255]], np.uint8), np.array([[-1, 1]], np.float32))
    assert made.tolist() == [[0, 255]]


def test_a_change_lies_where_the_picture_does() -> None:
    wide = np.zeros((14, 28), np.uint8)
    change = np.zeros((28, 28), np.float32)
    change[:7], change[21:] = 1, 1  # beside it alone
    assert (changed(wide, GREY.back(change, wide)) == 0).all()


def test_a_mask_is_seen_in_shares() -> None:
    mask = np.zeros((56, 56), np.uint8)
    mask[:, :28] = 255
    seen = GREY.seen_mask(mask)
    assert seen[:, :12] == pytest.approx(1, abs=0.05)
    assert seen[:, 16:] == pytest.approx(0, abs=0.05)
    assert COLOUR.seen_mask(mask).shape == (64, 64, 1)
