"""The LSTM: its reference against torch, its graph against the reference, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.services.absent import missing
from tests.support.tiny_lstm import DEPTH, VOCAB, WIDTH, lstm_tensors, write_tiny_lstm
from tests.support.tiny_model import decoder_of, stepwise

from pressroom.adapters.models.build import build
from pressroom.adapters.models.errors import UnknownVariant, UnsupportedModel
from pressroom.adapters.models.importer import import_model
from pressroom.adapters.models.recurrent import RecurrentModel

TOKENS = [int(token) for token in np.random.default_rng(1).integers(3, VOCAB, 40)]


def test_the_reference_is_what_torch_computes(tmp_path: Path) -> None:
    try:
        import torch
    except ImportError:
        missing("torch", "run `make test TRAIN=1`")
    tensors = {name: torch.from_numpy(values) for name, values in lstm_tensors().items()}
    lstm = torch.nn.LSTM(DEPTH, WIDTH, 2, batch_first=True)
    lstm.load_state_dict({name.removeprefix("lstm."): t for name, t in tensors.items() if "lstm" in name})
    with torch.no_grad():
        states, _ = lstm(tensors["embedding.weight"][torch.tensor([TOKENS])])
        expected = (states[0] @ tensors["head.weight"].T + tensors["head.bias"]).numpy()
    got = RecurrentModel(write_tiny_lstm(tmp_path / "m")).logits(TOKENS)
    np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_graph_is_the_reference(tmp_path: Path, layers: int, tied: bool) -> None:
    """A whole prompt in pieces, then token by token."""
    model = RecurrentModel(write_tiny_lstm(tmp_path / "m", layers=layers, tied=tied))
    expected = model.logits(TOKENS)
    got = stepwise(decoder_of(tmp_path, model, "fp32"), 1, TOKENS)
    for row, at in zip(got, [9, *range(29, len(TOKENS))], strict=True):
        np.testing.assert_allclose(row, expected[at], atol=1e-4)


def test_it_is_imported_as_any_model_and_in_float32_only(tmp_path: Path) -> None:
    folder = write_tiny_lstm(tmp_path / "m")
    manifest = import_model(
        folder, "words", tmp_path / "models", variant="fp32", gate=lambda folder, model: None
    )
    assert manifest.text is not None
    assert manifest.text.variants == ("fp32",)
    with pytest.raises(UnknownVariant, match="fp32"):
        import_model(folder, "other", tmp_path / "models", gate=lambda folder, model: None)
    with pytest.raises(UnknownVariant, match="fp32"):
        build(RecurrentModel(folder), manifest, tmp_path, "i8", tmp_path)
    assert not (tmp_path / "models" / "other").exists()


@pytest.mark.parametrize(
    ("config", "tensors", "says"),
    [
        ({"num_layers": 3}, {}, "lstm.bias_ih_l2"),
        ({"num_layers": 0}, {}, "no layers"),
        ({"num_layers": None}, {}, "no number"),
        ({"context": 0}, {}, "no context"),
        ({}, {"lstm.weight_ih_l1": np.zeros((4 * WIDTH, DEPTH), np.float32)}, "layer 1"),
        ({}, {"lstm.weight_hh_l0": np.zeros((4 * WIDTH, 8), np.float32)}, "layer 0"),
        ({}, {"head.weight": np.zeros((VOCAB, 8), np.float32)}, "the head"),
        ({}, {"head.bias": np.zeros(3, np.float32)}, "the head"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, config: dict[str, Any], tensors: dict[str, Any], says: str
) -> None:
    folder = write_tiny_lstm(tmp_path / "m", **config)
    save_file({**lstm_tensors(), **tensors}, folder / "model.safetensors")
    with pytest.raises(UnsupportedModel, match=says):
        RecurrentModel(folder)


@pytest.mark.parametrize("content", [None, b"", b"no tensors at all"])
def test_weights_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = write_tiny_lstm(tmp_path / "m") / "model.safetensors"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UnsupportedModel, match="cannot be read"):
        RecurrentModel(path.parent)
