"""What is made is held against the test set: the same is as near as its floor, noise is far, and wrong classes are seen."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.bars import CLASSES, bars
from torch import Tensor

from pressroom.training.data.idx import Pictures, Split
from pressroom.training.data.named import PICTURES
from pressroom.training.measure.features import FILE, FeatureNet, FeatureNetChanged, Seen
from pressroom.training.measure.likeness import Yardstick

pytestmark = pytest.mark.train

SOURCE = PICTURES["fashion-mnist"]
DATA = Pictures(train=bars(800, 0), test=bars(800, 1))


def _pixels(split: Split) -> Tensor:
    return torch.from_numpy(split.images.astype(np.float32) / 255)


def test_more_of_the_same_is_as_near_as_the_floor() -> None:
    found = Yardstick(DATA, SOURCE, 800).compare(_pixels(bars(800, 2)), None)
    assert 0 <= found.distance < 3 * found.floor + 1e-6
    assert found.precision > 0.9
    assert found.recall > 0.9
    assert found.class_accuracy is None


def test_noise_is_far_and_one_picture_alone_covers_little() -> None:
    noise = Yardstick(DATA, SOURCE, 800).compare(
        torch.rand(800, 28, 28, generator=torch.Generator().manual_seed(0)), None
    )
    assert noise.distance > 20 * noise.floor
    assert noise.recall < 0.1
    same = _pixels(bars(1, 3)).expand(800, -1, -1) + 0.01 * torch.rand(800, 28, 28)
    one = Yardstick(DATA, SOURCE, 800).compare(same.clamp(0, 1), None)
    assert one.recall < 0.2
    assert one.distance > 20 * one.floor


class _Asked:
    """Makes bars of the class that it is asked for, and notes what else it was asked."""

    classes = CLASSES

    def __init__(self) -> None:
        self.asked: list[tuple[Tensor, float, int]] = []

    def sample(self, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
        self.asked.append((labels, guidance, seed))
        return torch.rand(len(labels), 28, 28)

    def reconstructed(self, pixels: Tensor, labels: Tensor) -> None:
        return None


def test_classes_are_asked_for_in_turn_and_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def see(self: FeatureNet, pixels: Tensor) -> Seen:
        """Class 1 of the set, whatever it is."""
        logits = np.zeros((len(pixels), 20), np.float32)
        logits[:, 5], logits[:, 11] = 9, 1  # class 5 is the other set's
        return Seen(
            np.random.default_rng(len(pixels)).normal(size=(len(pixels), 64)).astype(np.float32), logits
        )

    monkeypatch.setattr(FeatureNet, "see", see)
    model = _Asked()
    found = Yardstick(DATA, SOURCE, 400).measure(model, guidance=1.5, seed=7)
    ((labels, guidance, seed),) = model.asked
    assert labels.bincount().tolist() == [100] * CLASSES
    assert (guidance, seed) == (1.5, 7)
    assert found.class_accuracy == 0.25
    assert found.least_class == 0
    assert found.as_dict()["class_accuracy"] == 0.25


def test_there_are_no_more_samples_than_pictures_to_hold_them_against() -> None:
    model = _Asked()
    few = Pictures(train=DATA.train, test=bars(300, 1))
    assert Yardstick(few, SOURCE, 400).measure(model).samples == len(model.asked[0][0]) == 300


def test_another_network_is_not_measured_with(tmp_path: Path) -> None:
    other = tmp_path / "net.onnx"
    other.write_bytes(FILE.read_bytes() + b" ")
    with pytest.raises(FeatureNetChanged, match="install it anew"):
        FeatureNet(other)


def test_the_shipped_one_is_small() -> None:
    assert FILE.stat().st_size < 2_000_000
