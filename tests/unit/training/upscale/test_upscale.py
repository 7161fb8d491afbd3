"""Converted weights: each number goes where TensorFlow has it; a network that was cut or changed is refused."""

import json

import numpy as np
import pytest
import torch

from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.esrgan_slim import weights_of
from pressroom.training.upscale.model import Upscale

pytestmark = pytest.mark.train


def _weights(times: int) -> dict[str, np.ndarray]:
    """By TensorFlow's names and shapes, of a network of ours."""
    names = {
        "shallow": "F_m1", "first": "F_0", "grow.0": "F_1_1", "grow.1": "F_2_1", "fuse.0": "LFF_1", "fuse.1": "LFF_2",
        "gather": "GFF_1", "smooth": "GFF_2", "wide": "UPN1", "narrow": "UPN2", "spread": "UPN3", "last": "SR",
    }  # fmt: skip
    torch.manual_seed(0)
    state = Upscale(times).state_dict()
    found = {}
    for ours, theirs in names.items():
        found[f"{theirs}/kernel"] = state[f"{ours}.weight"].numpy().transpose(2, 3, 1, 0)
        found[f"{theirs}/bias"] = state[f"{ours}.bias"].numpy()
    return found


@pytest.mark.parametrize("times", [2, 4])
def test_each_number_goes_where_it_belongs(times: int) -> None:
    torch.manual_seed(0)
    original = Upscale(times).eval()
    converted = Upscale.of(_weights(times), times)
    pixels = torch.rand(2, 3, 7, 5)
    with torch.no_grad():
        assert torch.equal(converted(pixels), original(pixels))
        assert converted(pixels).shape == (2, 3, 7 * times, 5 * times)


def test_the_numbers_are_read_in_their_order() -> None:
    told = [{"name": "a", "shape": [2, 2]}, {"name": "b", "shape": [3]}]
    model = json.dumps({"weightsManifest": [{"weights": told}]}).encode()
    binary = np.arange(7, dtype="<f4").tobytes()
    found = weights_of(model, binary)
    assert found["a"].tolist() == [[0, 1], [2, 3]]
    assert found["b"].tolist() == [4, 5, 6]
    with pytest.raises(DataCorrupt, match="b is cut"):
        weights_of(model, binary[:-1])
    with pytest.raises(DataCorrupt, match="4 bytes belong to nothing"):
        weights_of(model, binary + bytes(4))


def test_another_network_s_weights_are_refused() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        Upscale.of(_weights(2), 4)
    with pytest.raises(KeyError):
        Upscale.of({}, 2)
