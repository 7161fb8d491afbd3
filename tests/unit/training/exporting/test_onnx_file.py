"""Torch to ONNX: the committed decoder and encoder equal the network, and a broken export is seen."""

from pathlib import Path

import onnx
import pytest
import torch
from onnx import numpy_helper

from pressroom.training.exporting.errors import ParityBroken
from pressroom.training.exporting.onnx_file import export
from pressroom.training.exporting.parity import largest_difference, require_parity
from pressroom.training.vae.graphs import decoder_graph, encoder_graph
from pressroom.training.vae.model import Vae, VaeConfig

pytestmark = pytest.mark.train

ZOO = Path(__file__).parents[4] / "model_zoo" / "vae-fashion"


def _committed() -> Vae:
    """The network with the weights of the committed files, found by their names in the graph."""
    vae = Vae()
    weights = {}
    for half in ("decoder", "encoder"):
        for tensor in onnx.load(ZOO / f"{half}.onnx").graph.initializer:
            name = tensor.name.removeprefix("vae.")
            if name in vae.state_dict():
                weights[name] = torch.from_numpy(numpy_helper.to_array(tensor).copy())
    vae.load_state_dict(weights)
    return vae.eval()


@pytest.mark.parametrize("half", ["decoder", "encoder"])
def test_the_committed_files_equal_the_network(half: str) -> None:
    vae = _committed()
    graph = decoder_graph(vae) if half == "decoder" else encoder_graph(vae)
    assert largest_difference(graph, ZOO / f"{half}.onnx", seed=5) < 1e-5


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vae, Path]:
    torch.manual_seed(0)
    vae = Vae(VaeConfig(height=4, width=4, classes=3, hidden=(8, 16), latent=5))
    path = tmp_path_factory.mktemp("export") / "decoder.onnx"
    export(decoder_graph(vae), path)
    return vae, path


def test_a_fresh_export_has_parity_and_a_free_batch_size(exported: tuple[Vae, Path]) -> None:
    vae, path = exported
    assert require_parity(decoder_graph(vae), path) < 1e-5
    batch = [value.type.tensor_type.shape.dim[0].dim_param for value in onnx.load(path).graph.input]
    assert batch == ["batch"] * 3


def test_a_file_of_other_weights_is_refused(exported: tuple[Vae, Path]) -> None:
    vae, path = exported
    other = Vae(vae.config)
    with pytest.raises(ParityBroken, match="decoder"):
        require_parity(decoder_graph(other), path)


def test_the_file_holds_nothing_of_the_machine_it_was_made_on(exported: tuple[Vae, Path]) -> None:
    _, path = exported
    for file in (path, ZOO / "decoder.onnx", ZOO / "encoder.onnx"):
        assert b".py" not in file.read_bytes()
