"""Smoothed weights compute the same, and leave less to round."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.support.decoder_reference import reference_logits
from tests.support.tiny_gguf import HEAD_SIZE, KV_HEADS, LAYERS, tiny_weights, vocabulary, write_tiny_gguf

from pressroom.adapters.models.calibration import MOST_TOKENS, TEXT, reach
from pressroom.adapters.models.decoder_graph import decoder_graph
from pressroom.adapters.models.gguf_tokenizer import tokenizer_from_gguf
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.matrices import Variant
from pressroom.adapters.models.smoothing import SmoothedModel
from pressroom.engines.sessions import open_session

TOKENS = [int(token) for token in np.random.default_rng(1).integers(3, len(vocabulary()), 40)]
KINDS = [("llama", True), ("llama", False), ("qwen2", True)]


def _model(folder: Path, architecture: str, tied: bool) -> GgufModel:
    weights = tiny_weights(architecture, tied=tied)
    return GgufModel(write_tiny_gguf(folder / "m.gguf", architecture=architecture, weights=weights))


@pytest.mark.parametrize(("architecture", "tied"), KINDS)
def test_reach_is_what_the_graph_itself_sees(tmp_path: Path, architecture: str, tied: bool) -> None:
    model = _model(tmp_path, architecture, tied)
    inside = {
        "embedded.normed": "blk.0.attn_norm.weight",
        "blk.0.end.normed": "blk.1.attn_norm.weight",
        "blk.1.end.normed": "output_norm.weight",
        **{f"blk.{layer}.mid.normed": f"blk.{layer}.ffn_norm.weight" for layer in range(LAYERS)},
        **{f"blk.{layer}.hidden": f"blk.{layer}.ffn_down.weight" for layer in range(LAYERS)},
    }
    graph = decoder_graph(model, Variant.FP32, 64)
    graph.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inside)
    session = open_session(graph.SerializeToString(), "cpu")
    cache = np.zeros((1, KV_HEADS, 64, HEAD_SIZE), np.float32)
    length = len(TOKENS)
    outputs = session.run(
        {
            "tokens": np.array([TOKENS]),
            "positions": np.array([[length - 1]]),
            "lengths": np.array([length - 1], np.int32),
            "longest": np.array(length, np.int32),
            **{f"{part}.{layer}": cache for layer in range(LAYERS) for part in ("keys", "values")},
        }
    )
    seen = dict(zip(session.outputs, outputs, strict=True))
    found = reach(model, TOKENS)
    assert set(found) == set(inside.values())
    for name, weight in inside.items():
        np.testing.assert_allclose(found[weight], np.abs(seen[name][0]).max(0), rtol=2e-3, atol=1e-4)


def test_a_text_longer_than_the_most_is_cut(tmp_path: Path) -> None:
    model = _model(tmp_path, "llama", True)
    tokens = (TOKENS * 20)[: MOST_TOKENS + 100]
    np.testing.assert_array_equal(
        reach(model, tokens)["output_norm.weight"], reach(model, tokens[:MOST_TOKENS])["output_norm.weight"]
    )


@pytest.mark.parametrize(("architecture", "tied"), KINDS)
def test_smoothed_weights_say_the_same(tmp_path: Path, architecture: str, tied: bool) -> None:
    model = _model(tmp_path, architecture, tied)
    smoothed = SmoothedModel(model, reach(model, TOKENS))
    weights = {name: smoothed.dense(name) for name in tiny_weights(architecture, tied=False)}
    assert not np.allclose(weights["blk.0.ffn_up.weight"], model.dense("blk.0.ffn_up.weight"))
    pairs = architecture == "llama"
    original = tiny_weights(architecture, tied=tied)
    np.testing.assert_allclose(
        reference_logits(weights, TOKENS, pairs=pairs),
        reference_logits(original, TOKENS, pairs=pairs),
        atol=2e-4,
    )


def test_an_embedding_is_not_changed_by_the_head_that_it_is_tied_to(tmp_path: Path) -> None:
    model = _model(tmp_path, "llama", True)
    smoothed = SmoothedModel(model, reach(model, TOKENS))
    assert not model.has("output.weight")
    assert smoothed.has("output.weight")
    assert smoothed.shape("output.weight") == model.shape("token_embd.weight")
    np.testing.assert_array_equal(smoothed.dense("token_embd.weight"), model.dense("token_embd.weight"))
    assert not np.allclose(smoothed.dense("output.weight"), model.dense("token_embd.weight"))


def test_blocks_of_the_file_are_offered_for_what_was_not_changed_only(tmp_path: Path) -> None:
    model = GgufModel(write_tiny_gguf(tmp_path / "m.gguf", kind="Q4_1"))
    smoothed = SmoothedModel(model, reach(model, TOKENS))
    assert smoothed.four_bit("blk.0.attn_output.weight") is not None
    for changed in ("blk.0.attn_q.weight", "blk.1.ffn_down.weight", "blk.0.ffn_up.weight", "output.weight"):
        assert smoothed.four_bit(changed) is None
        assert smoothed.eight_bit(changed) is None
    assert smoothed.eight_bit("token_embd.weight") is not None


def test_a_channel_that_reaches_far_is_made_smaller(tmp_path: Path) -> None:
    weights = tiny_weights()
    weights["blk.0.ffn_norm.weight"][5] *= 50
    model = GgufModel(write_tiny_gguf(tmp_path / "m.gguf", weights=weights))
    before = reach(model, TOKENS)
    after = reach(SmoothedModel(model, before), TOKENS)
    name = "blk.0.ffn_norm.weight"
    assert before[name][5] > 10 * np.median(before[name])
    assert after[name][5] / np.median(after[name]) < 0.5 * before[name][5] / np.median(before[name])


def test_the_calibration_text_fills_the_look_it_is_given(tmp_path: Path) -> None:
    model = _model(tmp_path, "llama", True)
    ids = tokenizer_from_gguf(model.metadata).tokenizer.encode(TEXT).ids
    assert len(ids) > 400
    assert isinstance(decoder_graph(model, Variant.I8, 64), onnx.ModelProto)
