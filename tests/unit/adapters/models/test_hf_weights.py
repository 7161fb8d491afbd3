"""What is read from a folder, and what is refused with a reason."""

import json
import struct
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.support.tiny_shapes import VOCAB, WINDOW, tiny_tensors, write_tiny_folder

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.geometry import Activation, LayerShape
from pressroom.adapters.models.hf_weights import FolderModel

NAME, THEIRS = "blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj.weight"


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_numbers_of_each_kind(tmp_path: Path, dtype: str) -> None:
    model = FolderModel(write_tiny_folder(tmp_path / "m", "llama", dtype=dtype))
    expected = tiny_tensors("llama")[THEIRS].astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    np.testing.assert_array_equal(model.dense(NAME), expected.astype(np.float32))
    assert model.dense(NAME).dtype == np.float32
    assert model.shape(NAME) == expected.shape


def test_fused_matrices_are_taken_apart(tmp_path: Path) -> None:
    model = FolderModel(write_tiny_folder(tmp_path / "m", "phi3"))
    whole = tiny_tensors("phi3")["model.layers.0.self_attn.qkv_proj.weight"]
    parts = [model.dense(f"blk.0.attn_{part}.weight") for part in "qkv"]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    eight = model.eight_bit("blk.0.attn_k.weight")
    assert eight is not None
    assert len(eight.q) == len(parts[1])


def test_shards_are_one_model(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "m", "qwen2")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, held in shards.items():
        save_file({name: tensors[name] for name in held}, folder / file)
    index = {"weight_map": {name: file for file, held in shards.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({"other": np.zeros(3, np.float32)}, folder / "c.safetensors")  # not in the index
    model = FolderModel(folder)
    np.testing.assert_array_equal(model.dense(NAME), tensors[THEIRS])
    assert [file.name for file in model.files] == ["a.safetensors", "b.safetensors", "config.json"]
    (folder / "b.safetensors").unlink()
    with pytest.raises(UnsupportedModel, match=r"lacks b\.safetensors"):
        FolderModel(folder)


def test_a_model_that_sees_pictures_too_is_read_for_its_text(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "m", "gemma3")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": config}))
    tensors = {f"language_model.{name}": value for name, value in tiny_tensors("gemma3").items()}
    save_file({**tensors, "vision_tower.patch.weight": np.zeros(4, np.float32)}, folder / "model.safetensors")
    model = FolderModel(folder)
    assert model.geometry.activation is Activation.GELU
    np.testing.assert_array_equal(
        model.dense("output_norm.weight"), tiny_tensors("gemma3")["model.norm.weight"] + 1
    )


def test_what_a_published_config_leaves_out_is_known(tmp_path: Path) -> None:
    """As Gemma 3's own: heads, windows' pattern and frequencies are its class's defaults."""
    folder = write_tiny_folder(tmp_path / "m", "gemma3")
    config = json.loads((folder / "config.json").read_text())
    for name in (
        "rope_local_base_freq",
        "rope_theta",
        "rms_norm_eps",
        "vocab_size",
        "max_position_embeddings",
    ):
        config.pop(name, None)
    (folder / "config.json").write_text(json.dumps(config))
    size = FolderModel(folder).geometry
    assert (size.vocab, size.context, size.epsilon) == (VOCAB, 131_072, 1e-6)
    assert size.of_layer == (*[LayerShape(1, WINDOW)] * 5, LayerShape(0, 0))
    assert size.ropes[0].inverse[1] == pytest.approx(1_000_000.0 ** (-2 / size.head_size) / 8)
    assert size.ropes[1].inverse[1] == pytest.approx(10_000.0 ** (-2 / size.head_size))


@pytest.mark.parametrize(
    ("told", "windows"),
    [
        ({"use_sliding_window": False}, [0, 0]),
        ({"use_sliding_window": True, "max_window_layers": 1}, [0, WINDOW]),
        ({"use_sliding_window": True, "layer_types": ["sliding_attention", "full_attention"]}, [WINDOW, 0]),
        ({"use_sliding_window": True, "max_window_layers": 0, "max_position_embeddings": WINDOW}, [0, 0]),
    ],
)
def test_windows_of_some_layers(tmp_path: Path, told: dict[str, Any], windows: list[int]) -> None:
    model = FolderModel(write_tiny_folder(tmp_path / "m", "qwen3", sliding_window=WINDOW, **told))
    assert [layer.window for layer in model.geometry.of_layer] == windows


@pytest.mark.parametrize(
    "told",
    [
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}},
        {"rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 4.0}},
    ],
)
def test_old_and_new_names_of_the_rotary_embedding(tmp_path: Path, told: dict[str, Any]) -> None:
    (rope,) = FolderModel(write_tiny_folder(tmp_path / "m", "llama", **told)).geometry.ropes
    assert rope.inverse[:2] == pytest.approx((1 / 4, 500.0 ** (-2 / 32) / 4))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"model_type": "mamba"}, r"'mamba'.*llama, mistral, qwen2, qwen3, gemma3_text, phi3, smollm3"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised already"),
        ({"final_logit_softcapping": 30.0}, "final_logit_softcapping"),
        ({"num_local_experts": 8}, "mixture of experts"),
        ({"hidden_act": "relu"}, "'relu'"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "'yarn'"),
        ({"num_hidden_layers": 3}, r"lacks the tensor 'blk\.2"),
        ({"intermediate_size": 64}, "ffn_gate"),
        ({"num_key_value_heads": 3}, "cannot share 3"),
        ({"head_dim": 12}, "Heads of 12"),
        ({"hidden_size": None}, "hidden_size"),
    ],
)
def test_what_cannot_be_computed_is_refused(tmp_path: Path, told: dict[str, Any], says: str) -> None:
    folder = write_tiny_folder(tmp_path / "m", "llama", **told)
    with pytest.raises(UnsupportedModel, match=says):
        FolderModel(folder)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("config.json", None, r"has no config\.json"),
        ("config.json", b"{", "cannot be read"),
        ("config.json", b"[]", "no JSON object"),
        ("config.json", b"\xff\xfe", "cannot be read"),
        ("model.safetensors", None, r"no \*\.safetensors.*pickled"),
        ("model.safetensors", b"", "cannot be read"),
        ("model.safetensors", struct.pack("<Q", 1 << 60) + b"{}", "cannot be read"),
        ("model.safetensors.index.json", b'{"weight_map": {"x": "../../etc/passwd"}}', "lacks passwd"),
        ("model.safetensors.index.json", b"{}", "embed_tokens"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, file: str, content: bytes | None, says: str) -> None:
    folder = write_tiny_folder(tmp_path / "m", "llama")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(UnsupportedModel, match=says):
        FolderModel(folder)


def test_numbers_of_another_kind_are_refused(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "m", "llama")
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, THEIRS: tensors[THEIRS].astype(np.int8)}, folder / "model.safetensors")
    with pytest.raises(UnsupportedModel, match="I8"):
        FolderModel(folder)
