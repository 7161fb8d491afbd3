"""The cache takes memory only where tokens were written."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_gguf import write_tiny_gguf
from tests.support.tiny_model import tiny_manifest

from pressroom.adapters.models.build import build
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.catalog.text_spec import graph_file, read_text_spec
from pressroom.engines.sessions import open_session
from pressroom.engines.text.decoder import Decoder, _HostMemory

STATM = Path("/proc/self/statm")


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from /proc")
def test_a_row_of_one_token_does_not_cost_a_full_row() -> None:
    before = _resident()
    memory = _HostMemory(16, (8, 2, 2048, 64), np.float32)  # 256 MB when full
    for buffer in memory._buffers:
        buffer[:, :, 0] = 1
    assert _resident() - before < 32 << 20


@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from /proc")
def test_a_slot_that_is_released_gives_its_memory_back_and_no_other_slot_loses_any() -> None:
    memory = _HostMemory(8, (4, 2, 2048, 64), np.float32)  # 8 MB a slot
    for buffer in memory._buffers:
        buffer[:] = 1
    before = _resident()
    memory.release(1)
    assert before - _resident() > 7 << 20
    for buffer in memory._buffers:
        assert not buffer[1].any()
        assert buffer[[0, 2, 3]].all()
    memory.write(1, 5, np.full((8, 2, 3, 64), 2, np.float32))
    np.testing.assert_array_equal(memory.read(1, 5, 8), 2)


def test_rows_smaller_than_a_page_are_released_without_harm_to_their_neighbours() -> None:
    memory = _HostMemory(2, (5, 1, 300, 4), np.float32)  # 4,800 bytes a row: borders lie within pages
    for buffer in memory._buffers:
        buffer[:] = 1
    memory.release(2)
    for buffer in memory._buffers:
        assert buffer[[0, 1, 3, 4]].all()


def _memory_of_ones() -> _HostMemory:
    memory = _HostMemory(8, (4, 2, 2048, 64), np.float32)  # 8 MB a slot
    for buffer in memory._buffers:
        buffer[:] = 1
    return memory


@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from /proc")
def test_what_lies_behind_a_position_is_released_in_each_head() -> None:
    memory = _memory_of_ones()
    before = _resident()
    memory.release(1, 100)
    assert before - _resident() > 7 << 20
    for buffer in memory._buffers:
        assert buffer[1, :, :100].all(), "what is before it stays"
        assert not buffer[1, :, 116:].any()  # a page is 16 positions
        assert buffer[[0, 2, 3]].all()


@pytest.mark.skipif(not STATM.exists(), reason="resident memory is read from /proc")
def test_a_shorter_row_does_not_keep_the_memory_of_a_longer_one_in_its_slot(tmp_path: Path) -> None:
    gguf = write_tiny_gguf(tmp_path / "m.gguf")
    (tmp_path / "scratch").mkdir()
    model = build(GgufModel(gguf), tiny_manifest(gguf, "q8"), tmp_path, "q8", tmp_path / "scratch")
    decoder = Decoder(open_session(model / graph_file("q8"), "cpu"), read_text_spec(model), 4, 512)
    decoder._memory = _memory_of_ones()
    before = _resident()
    decoder.copy(3, 0, 10)
    assert before - _resident() > 7 << 20


def test_a_copy_moves_the_written_positions_only() -> None:
    memory = _HostMemory(2, (3, 1, 4, 2), np.float32)
    for buffer in memory._buffers:
        buffer[0] = 1
        buffer[2] = 2
    memory.copy(2, 0, 3)
    for buffer in memory._buffers:
        np.testing.assert_array_equal(buffer[0, 0, :, 0], [2, 2, 2, 1])
    assert memory.address(0, 2) - memory.address(0, 0) == 2 * 4 * 2 * 4
