"""The whole command on made-up pictures: what it publishes, a worker can open."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams
from pressroom.engines.base import Ending, ImageGeneration, Key
from pressroom.engines.image.engine import open_image_engine
from pressroom.training.cli import main
from pressroom.training.data import idx
from pressroom.training.data.errors import DataMissing
from pressroom.training.data.idx import Pictures, Source, Split
from pressroom.training.vae.classifier import Classifier

pytestmark = pytest.mark.train


def _split(count: int) -> Split:
    source = np.random.default_rng(count)
    images = source.integers(0, 256, (count, 28, 28)).astype(np.uint8)
    return Split(images, source.integers(0, 10, count).astype(np.uint8))


def test_the_command_publishes_a_model_that_the_engine_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = Pictures(train=_split(5200), test=_split(100))
    monkeypatch.setattr(idx, "load", lambda source, folder, say: data)
    judge, out = tmp_path / "judge.pt", tmp_path / "out"
    torch.save(Classifier().state_dict(), judge)
    arguments = ["vae-fashion", "--epochs", "1", "--judge", str(judge), "--samples", "100", "--out", str(out)]
    arguments += ["--work", str(tmp_path / "work")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "epoch   1: loss" in result.output
    assert {"checkpoint.pt", "curves.png", "tensorboard"} <= {
        path.name for path in (tmp_path / "work").iterdir()
    }
    assert sorted(path.name for path in out.iterdir()) == [
        "LICENSE",
        "decoder.onnx",
        "encoder.onnx",
        "manifest.json",
        "samples.png",
    ]
    manifest = Manifest.model_validate_json((out / "manifest.json").read_text(encoding="utf-8"))
    assert "--epochs 1 --kl-weight" in manifest.origin
    assert manifest.defaults == {"guidance": 1.5}
    for file in manifest.files:
        assert hashlib.sha256((out / file.path).read_bytes()).hexdigest() == file.sha256
    assert {"test_negative_elbo_nats", "label_accuracy", "parity_decoder"} <= set(manifest.metrics)
    with Image.open(out / "samples.png") as sheet:
        assert sheet.width > 500

    engine = open_image_engine(out, manifest, provider="cpu", gather_ms=0)
    engine.admit(ImageGeneration(Key("a", 1), ImageParams(label="bag", seed=1)))
    assert engine.step().outcomes[0].ending is Ending.DONE


def test_a_missing_data_set_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(source: Source, folder: Path | None, say: object) -> Pictures:
        raise DataMissing("no data here: pass --data")

    monkeypatch.setattr(idx, "load", missing)
    result = CliRunner().invoke(main, ["vae-fashion", "--out", str(tmp_path), "--work", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output == "Error: no data here: pass --data\n"


def test_two_budgets_are_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["vae-fashion", "--epochs", "1", "--budget", "9", "--out", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "not both" in result.output
