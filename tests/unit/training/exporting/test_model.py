"""A folder that is exported: whole, checked, described; or nothing, and what lay there before stays."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from pressroom.catalog.manifest import ImageTraits, Manifest
from pressroom.engines import golden
from pressroom.training.exporting import model
from pressroom.training.exporting.errors import ParityBroken, TooFarOff
from pressroom.training.exporting.model import About, Told, write_model
from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.precision import lighten, signal_to_noise
from pressroom.training.exporting.weights import Weights
from pressroom.training.vae.graphs import decoder_graph, encoder_graph
from pressroom.training.vae.model import Vae, VaeConfig

pytestmark = pytest.mark.train

CONFIG = VaeConfig(height=8, width=8, classes=3, hidden=(64, 96), latent=5)
TRAITS = ImageTraits(
    labels=("a", "b", "c"),
    height=8,
    width=8,
    channels=1,
    latent=5,
    files={"decoder": "decoder.onnx", "encoder": "encoder.onnx"},
)
ABOUT = About(
    name="tiny",
    version="1.0.0",
    title="Tiny",
    origin="o",
    recipe="mine",
    recipe_sha256="a" * 64,
    metrics={"test_negative_elbo_nats": 1.0},
    notice="Weights: Apache-2.0",
    told=Told("d", "VAE, 64-64-96-5", "none", "", {"guidance": 1.5}),
)


def _graphs(seed: int = 0) -> dict[str, Graph]:
    torch.manual_seed(seed)
    vae = Vae(CONFIG)
    return {"decoder": decoder_graph(vae), "encoder": encoder_graph(vae)}


Exported = Callable[[Weights, int], tuple[Path, Manifest]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Folders by weights and seed, each made once, since an export takes seconds. Who changes one takes a copy."""

    @cache
    def made(weights: Weights, seed: int) -> tuple[Path, Manifest]:
        folder = tmp_path_factory.mktemp("exported") / "zoo" / "tiny"
        return folder, write_model(ABOUT, _graphs(seed), TRAITS, folder, weights=weights)

    return made


@pytest.mark.parametrize("weights", ["fp32", "fp16", "int8"])
def test_the_folder_is_whole_and_its_manifest_says_what_it_is(exported: Exported, weights: Weights) -> None:
    folder, manifest = exported(weights, 0)
    assert sorted(path.name for path in folder.iterdir()) == [
        "LICENSE",
        "decoder.onnx",
        "encoder.onnx",
        "golden.npz",
        "manifest.json",
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]
    assert Manifest.model_validate_json((folder / "manifest.json").read_bytes()) == manifest
    for file in manifest.files:
        assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256
    made = manifest.made
    assert made is not None
    assert (made.weights, made.recipe, made.recipe_sha256, made.opset) == (weights, "mine", "a" * 64, 18)
    assert made.parity < 1e-5
    told = {each.name: each for each in made.graphs["decoder"].inputs}
    assert told["z"].shape == ("batch", 5)
    assert (told["label"].dtype, told["z"].dtype) == ("int64", "float32")
    assert made.graphs["decoder"].outputs[0].shape == ("batch", 8, 8)
    assert "0, black" in made.graphs["decoder"].outputs[0].meaning
    difference = golden.largest_difference(folder, TRAITS.files)
    if weights == "fp32":
        assert difference < 1e-5
        assert "decoder_signal_db" not in manifest.metrics
    else:
        assert 1e-6 < difference < 0.2
        assert manifest.metrics["decoder_signal_db"] >= 35


def test_lighter_weights_are_lighter(exported: Exported) -> None:
    kinds: tuple[Weights, ...] = ("fp32", "fp16", "int8")
    files = {weights: exported(weights, 0)[0] / "decoder.onnx" for weights in kinds}
    sizes = {weights: file.stat().st_size for weights, file in files.items()}
    assert sizes["int8"] < 0.65 * sizes["fp32"]
    assert sizes["fp16"] < 0.7 * sizes["fp32"]
    types = {each.data_type for each in onnx.load(files["fp16"]).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in types


class _Broken(nn.Module):
    """Says another thing each time it is called, so that no file can be the same function."""

    calls = 0

    def forward(self, pixels: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        z = pixels.flatten(1)[:, :5] + self.calls
        return z, z + label[:, None]


def test_a_file_that_is_not_the_network_is_not_written(tmp_path: Path) -> None:
    graphs = _graphs()
    graphs["encoder"] = replace(graphs["encoder"], module=_Broken())
    with pytest.raises(ParityBroken, match=r"encoder\.onnx"):
        write_model(ABOUT, graphs, TRAITS, tmp_path / "tiny")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_change_the_pictures_are_refused_and_the_old_folder_stays(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(exported("fp32", 0)[0], tmp_path / "tiny")
    before = {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()}

    def ruined(path: Path, weights: Weights) -> None:
        graph = onnx.load(path)
        for tensor in graph.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2:
                coarse = np.round(onnx.numpy_helper.to_array(tensor) * 4) / 4
                tensor.CopyFrom(onnx.numpy_helper.from_array(coarse.astype(np.float32), tensor.name))
        onnx.save(graph, path)

    monkeypatch.setattr(model, "lighten", ruined)
    with pytest.raises(TooFarOff, match="more bits"):
        write_model(ABOUT, _graphs(1), TRAITS, tmp_path / "tiny", weights="int8")
    assert {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_what_is_not_a_number_is_no_likeness(exported: Exported, tmp_path: Path) -> None:
    shutil.copytree(exported("fp32", 0)[0], tmp_path / "tiny")
    path = tmp_path / "tiny" / "decoder.onnx"
    graph = onnx.load(path)
    for tensor in graph.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2:
            nan = np.full(tuple(tensor.dims), np.nan, np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(nan, tensor.name))
    onnx.save(graph, path)
    assert not signal_to_noise(_graphs()["decoder"], path) >= 0
    lighten(path, "fp32")


def test_a_new_export_takes_the_place_of_the_old_one(exported: Exported, tmp_path: Path) -> None:
    folder, old = exported("fp32", 0)
    shutil.copytree(folder, tmp_path / "tiny")
    new = write_model(ABOUT, _graphs(1), TRAITS, tmp_path / "tiny")
    assert old.sha256 != new.sha256
    assert Manifest.model_validate_json((tmp_path / "tiny" / "manifest.json").read_bytes()) == new
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_golden_output_finds_a_file_of_other_weights(exported: Exported, tmp_path: Path) -> None:
    shutil.copytree(exported("fp32", 0)[0], tmp_path / "one")
    shutil.copy(exported("fp32", 1)[0] / "decoder.onnx", tmp_path / "one" / "decoder.onnx")
    assert golden.largest_difference(tmp_path / "one", TRAITS.files) > 0.01
