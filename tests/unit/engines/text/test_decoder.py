"""The cache takes memory only where tokens were written."""

import os
from pathlib import Path

import numpy as np
import pytest

from pressroom.engines.text.decoder import _HostMemory

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


def test_a_copy_moves_the_written_positions_only() -> None:
    memory = _HostMemory(2, (3, 1, 4, 2), np.float32)
    for buffer in memory._buffers:
        buffer[0] = 1
        buffer[2] = 2
    memory.copy(2, 0, 3)
    for buffer in memory._buffers:
        np.testing.assert_array_equal(buffer[0, 0, :, 0], [2, 2, 2, 1])
    assert memory.address(0, 2) - memory.address(0, 0) == 2 * 4 * 2 * 4
