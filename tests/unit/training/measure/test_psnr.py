"""Signal to noise by hand."""

import math

import pytest
import torch

from pressroom.training.measure.psnr import psnr

pytestmark = pytest.mark.train


def test_by_hand() -> None:
    black = torch.zeros(2, 2, 2)
    again = torch.stack([torch.full((2, 2), 0.1), torch.full((2, 2), 0.01)])
    assert psnr(black, again) == pytest.approx((20 + 40) / 2, rel=1e-5)


def test_the_same_is_infinite_and_another_shape_is_an_error() -> None:
    pictures = torch.rand(3, 4, 4)
    assert psnr(pictures, pictures) == math.inf
    with pytest.raises(ValueError, match=r"\(3, 4, 4\) and \(2, 4, 4\)"):
        psnr(pictures, pictures[:2])
