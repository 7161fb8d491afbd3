"""The classifier behind the feature net: it learns both sets as different classes, and is exported with its features."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.bars import bars

from pressroom.engines.sessions import Provider, open_session
from pressroom.training.data.idx import Pictures
from pressroom.training.features.model import FEATURES, Classifier
from pressroom.training.features.room import make_from
from pressroom.training.features.task import ClassifierTask
from pressroom.training.loop.task import Now
from pressroom.training.recipe import FeaturesRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train


def test_it_learns_two_sets_and_its_file_gives_features_and_logits(tmp_path: Path) -> None:
    recipe = FeaturesRecipe.model_validate(
        {"kind": "features", "title": "t", "plan": {"epochs": 8, "batch": 16, "warm_up_steps": 10}}
    )
    train, test = bars(700), bars(200, 1)
    dark = Pictures(train=train, test=test)
    light = Pictures(
        train=type(train)(255 - train.images, train.labels), test=type(test)(255 - test.images, test.labels)
    )
    found = make_from([dark, light], recipe, Run(tmp_path, lambda line: None, quiet=True), held_out=200)
    assert found["missed_mnist"] < 0.1
    assert found["missed_fashion-mnist"] < 0.1
    session = open_session(tmp_path / "feature_net.onnx", Provider.CPU)
    for images, begin in ((test.images, 0), (255 - test.images, 10)):
        features, logits = session.run({"pixels": images.astype(np.float32) / 255})
        assert features.shape == (200, FEATURES)
        assert logits.shape == (200, 20)
        assert (logits.argmax(1) == begin + test.labels).mean() > 0.9


def test_only_pictures_that_mean_the_same_are_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = torch.zeros(64, 28, 28)
    pixels[:, :, 0] = 1  # a bar at the left
    labels = torch.arange(64) % 2
    network = Classifier(2)
    seen: list[torch.Tensor] = []
    forward = network.forward

    def listening(shown: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(shown)
        return forward(shown)

    monkeypatch.setattr(network, "forward", listening)
    task = ClassifierTask(network, pixels, labels, torch.tensor([False, True]), held_out=0)
    torch.manual_seed(0)
    task.losses(torch.arange(64), Now(0, 0.0, 1e-3))
    (shown,) = seen
    mirrored = shown[:, 0, -1] == 1
    assert not mirrored[labels == 0].any()
    assert 5 < int(mirrored[labels == 1].sum()) < 27
