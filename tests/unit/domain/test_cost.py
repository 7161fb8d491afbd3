"""What a job is expected to cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.cost import PICTURE_MS, READING_MS, TOKEN_MS, estimated_cost


def test_text_costs_by_the_token() -> None:
    assert estimated_cost("text", {"max_tokens": 100, "n": 2}) == 200 * TOKEN_MS


def test_pictures_cost_by_the_piece() -> None:
    assert estimated_cost("image", {"n": 64}) == 64 * PICTURE_MS


def test_a_reading_costs_the_same_whatever_it_reads() -> None:
    assert estimated_cost("moderation", {"cut": True}) == READING_MS


@pytest.mark.parametrize("kind", ["text", "image", "embedding"])
@given(n=st.integers(-5, 100), tokens=st.integers(-5, 5_000))
def test_a_cost_is_never_nothing(kind: str, n: int, tokens: int) -> None:
    assert estimated_cost(kind, {"n": n, "max_tokens": tokens}) >= 1
    assert estimated_cost(kind, {}) >= 1
