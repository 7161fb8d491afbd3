"""A shipped model is held against its golden outputs; a file of other weights, or of another shape, is found."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pressroom.engines.golden import FILE, largest_difference

ZOO = Path(__file__).parents[3] / "model_zoo" / "vae-fashion"
FILES = {"decoder": "decoder.onnx", "encoder": "encoder.onnx"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ZOO, tmp_path / "model")
    return tmp_path / "model"


def _changed(folder: Path, key: str, by: float) -> None:
    with np.load(folder / FILE) as golden:
        arrays = dict(golden)
    arrays[key] = arrays[key] + np.float32(by)
    np.savez_compressed(folder / FILE, **arrays)


def test_the_shipped_one_is_what_was_trained(folder: Path) -> None:
    assert largest_difference(folder, FILES) < 1e-5


@pytest.mark.parametrize("key", ["decoder/out/pixels", "encoder/out/mean", "decoder/in/z"])
def test_what_differs_is_found(folder: Path, key: str) -> None:
    _changed(folder, key, 0.5)
    assert largest_difference(folder, FILES) > 0.01


def test_another_shape_is_infinitely_far(folder: Path) -> None:
    with np.load(folder / FILE) as golden:
        arrays = dict(golden)
    arrays["encoder/out/mean"] = arrays["encoder/out/mean"][:, :5]
    np.savez_compressed(folder / FILE, **arrays)
    assert largest_difference(folder, FILES) == float("inf")
