"""The graph against a decoder in plain numpy: whole prompts, chunks, single steps, and each weight format."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.decoder_reference import reference_logits
from tests.support.tiny_gguf import tiny_weights, vocabulary, write_tiny_gguf
from tests.support.tiny_model import decoder_of, stepwise

from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.own_operators import offered
from pressroom.catalog.text_spec import graph_file
from pressroom.engines.text.decoder import Decoder

TOKENS = [int(token) for token in np.random.default_rng(1).integers(3, len(vocabulary()), 40)]


def _decoder(folder: Path, gguf: Path, variant: str, *, own: bool = False) -> Decoder:
    decoder = decoder_of(folder, GgufModel(gguf), variant, own=own)
    assert isinstance(decoder, Decoder)
    return decoder


@pytest.mark.parametrize(("architecture", "tied"), [("llama", True), ("llama", False), ("qwen2", True)])
def test_fp32_is_the_reference(tmp_path: Path, architecture: str, tied: bool) -> None:
    weights = tiny_weights(architecture, tied=tied)
    gguf = write_tiny_gguf(tmp_path / "m.gguf", architecture=architecture, weights=weights)
    decoder = _decoder(tmp_path, gguf, "fp32")
    expected = reference_logits(weights, TOKENS, pairs=architecture == "llama")
    got = stepwise(decoder, 1, TOKENS)
    for row, at in zip(got, [9, *range(29, 40)], strict=True):
        np.testing.assert_allclose(row, expected[at], atol=2e-4)


@pytest.mark.parametrize(
    ("kind", "variant", "allowed"),
    [
        ("F16", "fp32", 0.0005),
        ("BF16", "fp32", 0.0005),
        ("Q8_0", "q8", 0.2),
        ("Q4_0", "q8", 0.2),
        ("Q4_1", "q8", 0.2),
        ("Q4_0", "q4lr", 0.2),
        ("Q4_1", "q4lr", 0.2),
        ("F32", "q8", 0.2),
        ("F32", "q4lr", 0.2),
        ("F16", "fp16", 0.02),
        ("F32", "i8", 0.2),
        ("Q4_1", "i8", 0.2),
    ],
)
def test_every_format_stays_near_its_own_weights(
    tmp_path: Path, kind: str, variant: str, allowed: float
) -> None:
    gguf = write_tiny_gguf(tmp_path / "m.gguf", kind=kind)
    model = GgufModel(gguf)
    weights = {name: model.dense(name) for name in tiny_weights()}
    expected = reference_logits(weights, TOKENS, pairs=True)
    got = stepwise(_decoder(tmp_path, gguf, variant), 0, TOKENS)
    for row, at in zip(got, [9, *range(29, 40)], strict=True):
        error = np.linalg.norm(row - expected[at]) / np.linalg.norm(expected[at])
        assert error < allowed


@pytest.mark.parametrize("variant", ["q8", "q4lr", "i8"])
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_our_own_kernels_say_the_same(tmp_path: Path, variant: str, architecture: str) -> None:
    gguf = write_tiny_gguf(tmp_path / "m.gguf", kind="Q4_1", architecture=architecture)
    theirs = stepwise(_decoder(tmp_path, gguf, variant), 0, TOKENS)
    ours = stepwise(_decoder(tmp_path, gguf, variant, own=True), 0, TOKENS)
    for row, expected in zip(ours, theirs, strict=True):
        # Activations are rounded to 8 bits: what differs in the last digit may go to the other side.
        assert np.linalg.norm(row - expected) < 0.05 * np.linalg.norm(expected)


def test_the_reference_has_no_kernels_of_our_own_and_its_cache_is_float32(tmp_path: Path) -> None:
    gguf = write_tiny_gguf(tmp_path / "m.gguf")
    for variant, own in (("fp32", False), ("q8", True)):
        decoder = _decoder(tmp_path, gguf, variant)
        assert decoder._dtype is np.float32
        assert (tmp_path / "tiny" / graph_file(variant, kernels=True)).exists() == own
    assert _decoder(tmp_path, gguf, "q8", own=True)._dtype is np.float16


@pytest.mark.parametrize(
    ("size", "yes"), [(32, True), (64, True), (256, True), (16, False), (80, False), (288, False)]
)
def test_heads_that_our_kernels_do_not_take(size: int, yes: bool) -> None:
    assert offered(size) == yes


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("variant", ["q8", "i8"])
def test_rows_of_a_batch_do_not_touch_each_other(tmp_path: Path, variant: str, own: bool) -> None:
    decoder = _decoder(tmp_path, write_tiny_gguf(tmp_path / "m.gguf", kind="Q4_1"), variant, own=own)
    prompts = [TOKENS[:7], TOKENS[5:25], TOKENS[9:12]]
    alone = []
    for prompt in prompts:
        decoder.prefill(0, prompt, 0)
        alone.append(decoder.decode(np.array([[50]]), np.array([len(prompt) + 1], np.int32))[0, 0].copy())
    for slot, prompt in enumerate(prompts):
        decoder.prefill(slot, prompt, 0)
    lengths = np.array([len(prompt) + 1 for prompt in prompts], np.int32)
    together = decoder.decode(np.array([[50], [50], [50]]), lengths)
    np.testing.assert_array_equal(together[:, 0], np.stack(alone))


def test_a_copied_row_goes_on_like_the_original(tmp_path: Path) -> None:
    decoder = _decoder(tmp_path, write_tiny_gguf(tmp_path / "m.gguf", kind="Q8_0"), "q8")
    decoder.prefill(2, TOKENS[:20], 0)
    original = decoder.prefill(2, TOKENS[20:21], 20).copy()
    decoder.copy(2, 0, 20)
    np.testing.assert_array_equal(decoder.prefill(0, TOKENS[20:21], 20), original)
