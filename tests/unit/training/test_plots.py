"""Plots have in them what they were given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pressroom.training.plots import curves, ellipse, scatter

pytestmark = pytest.mark.train


def _ink(path: Path) -> int:
    """Pixels that are neither white nor grey."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return int((pixels.max(2) - pixels.min(2) > 40).sum())


def test_curves_have_a_panel_a_loss_and_both_lines(tmp_path: Path) -> None:
    history = [
        {"epoch": float(n), "rate": 0.1, "train_loss": 9.0 / n, "train_kl": 1.0, "kl": 2.0, "score": 8.0 / n}
        for n in range(1, 6)
    ]
    curves(history, tmp_path / "two.png")
    curves(
        [{"epoch": row["epoch"], "train_loss": row["train_loss"]} for row in history], tmp_path / "one.png"
    )
    with Image.open(tmp_path / "two.png") as two, Image.open(tmp_path / "one.png") as one:
        assert two.width > 1.3 * one.width
    assert _ink(tmp_path / "two.png") > _ink(tmp_path / "one.png") > 100


def test_an_ellipse_lies_so_many_deviations_away() -> None:
    mean, covariance = np.array([1.0, 2.0]), np.array([[1.0, 0.6], [0.6, 0.8]])
    ring = ellipse(mean, covariance, deviations=2.0) - mean
    distance = np.sqrt(np.einsum("ni,ij,nj->n", ring, np.linalg.inv(covariance), ring))
    np.testing.assert_allclose(distance, 2.0)


def test_a_scatter_plot_shows_both_clouds(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    one, two = dice.normal(size=(400, 2)), dice.normal(4, 1, (400, 2))
    scatter({"a": one, "b": two}, [np.zeros(2), np.full(2, 4.0)], [np.eye(2), np.eye(2)], tmp_path / "s.png")
    assert _ink(tmp_path / "s.png") > 1000
