"""Whether sums of 8-bit products are exact here, and that a host where they are not is found out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pressroom.engines import integer_sums
from pressroom.engines.integer_sums import sums_exactly

CPUINFO = Path("/proc/cpuinfo")


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    """No answer is kept from before, and none of those here is kept for others."""
    sums_exactly.cache_clear()
    yield
    sums_exactly.cache_clear()


def test_a_processor_with_vnni_is_exact() -> None:
    flags = CPUINFO.read_text().split() if CPUINFO.exists() else []
    exact = sums_exactly()
    assert exact or not {"avx512_vnni", "avx_vnni"} & set(flags)


@pytest.mark.parametrize(("value", "exact"), [(255 * 127 * 64, True), (32_767 * 32, False), (0, False)])
def test_any_other_sum_than_the_exact_one_is_found_out(
    monkeypatch: pytest.MonkeyPatch, value: int, exact: bool
) -> None:
    class Saturating:
        def run(self, feeds: dict[str, Any]) -> list[Any]:
            out = np.full((2, 16), 255 * 127 * 64, np.float32)
            out[1, 3] = value
            return [out]

    monkeypatch.setattr(integer_sums, "open_session", lambda *_: Saturating())
    assert sums_exactly() is exact
