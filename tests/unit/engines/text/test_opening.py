"""What an engine says of itself when it is open."""

from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_gguf
from tests.support.tiny_lstm import WIDTH, build_tiny_lstm
from tests.support.tiny_model import tiny_manifest

from pressroom.adapters.models.build import build
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.catalog.text_spec import read_text_spec
from pressroom.engines.kernels.library import kernels
from pressroom.engines.text.opening import MOST_SLOTS, open_text_engine


@pytest.mark.parametrize("own", [True, False])
def test_it_names_its_variant_and_whose_kernels_it_uses(tmp_path: Path, own: bool) -> None:
    gguf = write_tiny_gguf(tmp_path / "m.gguf")
    (tmp_path / "scratch").mkdir()
    folder = build(GgufModel(gguf), tiny_manifest(gguf, "q8"), tmp_path, "q8", tmp_path / "scratch")
    info = open_text_engine(folder, provider="cpu", kernels=own).info
    assert info.variant == "q8"
    assert info.kernels == ("pressroom" if own and kernels() is not None else "onnxruntime")


def test_a_state_takes_the_same_whatever_the_rows_length(tmp_path: Path) -> None:
    folder = build_tiny_lstm(tmp_path)
    state = read_text_spec(folder).row_bytes(1)
    assert state == read_text_spec(folder).row_bytes(500) == 2 * 2 * WIDTH * 4
    for budget, slots in ((3 * state + 1, 3), (100 * state, MOST_SLOTS)):
        engine = open_text_engine(folder, provider="cpu", kv_budget_bytes=budget)
        assert engine.info.slots == slots
        engine.close()
