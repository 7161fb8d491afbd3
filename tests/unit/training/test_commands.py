"""`pressroom train`: what is made lies in the run's folder; what is wrong is one sentence."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from pressroom.training.commands import train
from pressroom.training.data import idx
from pressroom.training.data.errors import DataMissing
from pressroom.training.data.idx import Pictures, Source, Split
from pressroom.training.recipe import load, names

pytestmark = pytest.mark.train


def _split(count: int) -> Split:
    dice = np.random.default_rng(count)
    images = dice.integers(0, 256, (count, 28, 28)).astype(np.uint8)
    return Split(images, dice.integers(0, 10, count).astype(np.uint8))


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Pictures(train=_split(5200), test=_split(100))
    monkeypatch.setattr(idx, "load", lambda source, folder, say: data)


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(train, [str(each) for each in arguments])


@pytest.mark.parametrize("arguments", [["--list"], []])
def test_recipes_are_listed(arguments: list[str]) -> None:
    result = _run(*arguments)
    assert result.exit_code == 0
    for name in names():
        assert name in result.output
    assert "50 epochs" in result.output


def test_a_gaussian_is_points_and_a_plot(tmp_path: Path) -> None:
    result = _run("gaussian", "--out", tmp_path, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.json", "points.csv", "scatter.png"]
    points = np.loadtxt(tmp_path / "points.csv", delimiter=",", skiprows=1)
    assert points.shape == (5000, 4)
    np.testing.assert_allclose(points[:, 2:].mean(0), [2, 4], atol=0.1)
    made = json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert made["recipe"]["seed"] == 3
    assert made["recipe_sha256"] == load("gaussian", seed=3).digest()
    assert all(0 <= value < 5 for value in made["metrics"].values())


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("name", ["vae-dense", "cvae-fashion"])
def test_a_vae_is_weights_curves_and_pictures(tmp_path: Path, name: str) -> None:
    result = _run(name, "--epochs", 1, "--out", tmp_path, "--quiet")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.pt",
        "curves.png",
        "made.json",
        "reconstructions.png",
        "samples.png",
        "tensorboard",
        "weights.pt",
    ]
    for picture in ("samples.png", "reconstructions.png"):
        with Image.open(tmp_path / picture) as sheet:
            assert np.asarray(sheet).std() > 10
    made = json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert made["recipe"]["plan"]["epochs"] == 1
    assert {"test_negative_elbo_nats", "latents_alive"} <= set(made["metrics"])
    assert "epoch   1: loss" in result.output
    weights = torch.load(tmp_path / "weights.pt", weights_only=True)
    again = _run(name, "--epochs", 1, "--out", tmp_path, "--quiet")  # it is over, and not begun again
    assert "epoch   1: loss" not in again.output
    assert all(torch.equal(weights[key], value) for key, value in torch.load(tmp_path / "weights.pt").items())


@pytest.mark.usefixtures("pictures")
def test_a_folder_of_another_recipe_is_left_alone(tmp_path: Path) -> None:
    assert _run("vae-dense", "--epochs", 1, "--out", tmp_path, "--quiet").exit_code == 0
    made = (tmp_path / "made.json").read_bytes()
    other = _run("vae-dense", "--epochs", 1, "--seed", 1, "--out", tmp_path, "--quiet")
    assert other.exit_code == 1
    assert "belongs to another recipe" in other.output
    assert (tmp_path / "made.json").read_bytes() == made


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["no-such"], 1, "There is no recipe no-such. Known are"),
        (["gaussian", "--epochs", 3], 1, "plan"),
        (["vae-dense", "--epochs", 3, "--cpu-seconds", 5], 2, "not both"),
        (["vae-dense", "--epochs", 0], 2, "--epochs"),
        (["vae-dense", "--data", "no/such/folder"], 2, "--data"),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, arguments: list[object], code: int, said: str) -> None:
    result = _run(*arguments, "--out", tmp_path)
    assert (result.exit_code, list(tmp_path.iterdir())) == (code, [])
    assert said in result.output


def test_data_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(source: Source, folder: Path | None, say: object) -> Pictures:
        raise DataMissing("no data here: pass --data")

    monkeypatch.setattr(idx, "load", missing)
    result = _run("vae-dense", "--out", tmp_path)
    assert (result.exit_code, result.output) == (1, "Error: no data here: pass --data\n")


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = _run("vae-dense", "--out", tmp_path)
    assert result.exit_code == 1
    assert "Training needs torch" in result.output
    assert "pressroom[train]" in result.output
