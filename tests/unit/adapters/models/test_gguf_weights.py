"""What is read from a GGUF file, and what is refused with a reason."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_gguf import (
    CONTEXT,
    HEAD_SIZE,
    HEADS,
    KV_HEADS,
    LAYERS,
    tiny_weights,
    vocabulary,
    write_tiny_gguf,
)

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.gguf_weights import GgufModel

NAME = "blk.0.ffn_down.weight"


def test_geometry(tmp_path: Path) -> None:
    size = GgufModel(write_tiny_gguf(tmp_path / "m.gguf")).geometry
    assert (size.layers, size.heads, size.kv_heads, size.head_size) == (LAYERS, HEADS, KV_HEADS, HEAD_SIZE)
    assert (size.context, size.vocab, size.rotary_pairs) == (CONTEXT, len(vocabulary()), True)


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1"])
def test_four_bit_blocks_are_exact(tmp_path: Path, kind: str) -> None:
    model = GgufModel(write_tiny_gguf(tmp_path / "m.gguf", kind=kind))
    blocks = model.four_bit(NAME)
    assert blocks is not None
    assert (blocks.shift is None) == (kind == "Q4_0")
    shift = 0 if blocks.shift is None else blocks.shift[..., None]
    weights = blocks.scale[..., None] * (blocks.q.astype(np.float32) - 8) + shift
    np.testing.assert_allclose(weights.reshape(model.shape(NAME)), model.dense(NAME), atol=1e-6)
    assert blocks.q.max() < 16


@pytest.mark.parametrize(
    ("kind", "allowed"), [("Q8_0", 1e-7), ("Q4_1", 0.004), ("F32", 0.004), ("F16", 0.004)]
)
def test_eight_bit_blocks(tmp_path: Path, kind: str, allowed: float) -> None:
    model = GgufModel(write_tiny_gguf(tmp_path / "m.gguf", kind=kind))
    blocks = model.eight_bit(NAME)
    assert blocks is not None
    weights = blocks.scale[..., None] * (blocks.q.astype(np.float32) - blocks.zero[..., None])
    np.testing.assert_allclose(weights.reshape(model.shape(NAME)), model.dense(NAME), atol=allowed)


def test_only_four_bit_tensors_have_four_bit_blocks(tmp_path: Path) -> None:
    assert GgufModel(write_tiny_gguf(tmp_path / "m.gguf", kind="Q8_0")).four_bit(NAME) is None


def test_bf16_and_f16_are_read(tmp_path: Path) -> None:
    for kind in ("F16", "BF16"):
        model = GgufModel(write_tiny_gguf(tmp_path / f"{kind}.gguf", kind=kind))
        np.testing.assert_allclose(model.dense(NAME), tiny_weights()[NAME], atol=0.002)
        assert model.type_of(NAME) == kind


def test_another_architecture_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"'mamba'.*llama, qwen2"):
        GgufModel(write_tiny_gguf(tmp_path / "m.gguf", architecture="mamba"))


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"blk\.1\.ffn_up\.weight"):
        GgufModel(write_tiny_gguf(tmp_path / "m.gguf", without=("blk.1.ffn_up.weight",)))


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"not a model at all, but some text", b"GGUF\x03\0\0\0" + b"\xff" * 64]
)
def test_what_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(UnsupportedModel, match="not a readable GGUF"):
        GgufModel(path)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.98])
def test_a_cut_file_is_refused(tmp_path: Path, share: float) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnsupportedModel):
        GgufModel(path)


def test_an_unknown_rope_scaling_is_refused(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "m.gguf", llama__rope__scaling__type="yarn")
    with pytest.raises(UnsupportedModel, match=r"'yarn'.*none, linear"):
        GgufModel(path)
