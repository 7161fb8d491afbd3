"""Each shape that can be imported, against what transformers computes with the same tiny weights."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_model import decoder_of, stepwise
from tests.support.tiny_shapes import RECORDS, SHAPES, TOKENS, digest, tiny_tensors, write_tiny_folder
from tests.support.tiny_shapes_gguf import ARCHITECTURES, write_shape

from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.hf_weights import FolderModel
from pressroom.adapters.models.reference import reference_logits

Logits = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

SEEN = [9, *range(29, len(TOKENS))]  # after which tokens ``stepwise`` looks


@pytest.fixture
def recorded(shape: str) -> Logits:
    """What transformers said, (S, V)."""
    record = np.load(RECORDS / f"{shape}.npz")
    assert str(record["weights"]) == digest(tiny_tensors(shape)), (
        "run `python -m tests.support.record_shapes` again"
    )
    logits: Logits = record["logits"]
    return logits


@pytest.mark.parametrize("shape", SHAPES)
def test_the_reference_is_what_transformers_computes(tmp_path: Path, shape: str, recorded: Logits) -> None:
    model = FolderModel(write_tiny_folder(tmp_path / shape, shape))
    np.testing.assert_allclose(reference_logits(model, TOKENS), recorded, atol=3e-4)


@pytest.mark.parametrize("shape", ARCHITECTURES)
def test_a_gguf_file_says_the_same(tmp_path: Path, shape: str, recorded: Logits) -> None:
    model = GgufModel(write_shape(tmp_path / "m.gguf", shape))
    np.testing.assert_allclose(reference_logits(model, TOKENS), recorded, atol=3e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_graph_is_what_transformers_computes(tmp_path: Path, shape: str, recorded: Logits) -> None:
    """A whole prompt in pieces, then token by token: also past the windows."""
    model = FolderModel(write_tiny_folder(tmp_path / shape, shape))
    for row, at in zip(stepwise(decoder_of(tmp_path, model, "fp32"), 1, TOKENS), SEEN, strict=True):
        np.testing.assert_allclose(row, recorded[at], atol=5e-4)


@pytest.mark.parametrize(
    ("variant", "own"), [("q8", False), ("q8", True), ("i8", False), ("i8", True), ("fp16", False)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_format_stays_near(
    tmp_path: Path, shape: str, variant: str, own: bool, recorded: Logits
) -> None:
    model = FolderModel(write_tiny_folder(tmp_path / shape, shape))
    decoder = decoder_of(tmp_path, model, variant, own=own)
    for row, at in zip(stepwise(decoder, 1, TOKENS), SEEN, strict=True):
        error = np.linalg.norm(row - recorded[at]) / np.linalg.norm(recorded[at])
        assert error < (0.02 if variant == "fp16" else 0.25)
