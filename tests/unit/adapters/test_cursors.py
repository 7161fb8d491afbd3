"""A cursor comes back as it was packed, and nothing else is one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.domain.errors import CursorInvalid
from pressroom.domain.ids import new_id


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_there_and_back(created_at: int) -> None:
    job_id = new_id("job")
    cursor = pack_cursor(created_at, job_id)
    assert unpack_cursor(cursor) == (created_at, job_id)
    assert cursor.isascii()
    assert "=" not in cursor


@settings(deadline=None)
@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda noise: noise.hex()))
def test_noise_is_refused_and_never_crashes(noise: str) -> None:
    with pytest.raises(CursorInvalid):
        unpack_cursor(noise)


@pytest.mark.parametrize(
    ("created_at", "job_id"),
    [(-1, "job_1"), (2**63, "job_1"), (1, ""), (1, "a\x00b"), (1, "é"), (1, "x" * 65)],
)
def test_what_the_database_cannot_compare_is_refused(created_at: int, job_id: str) -> None:
    with pytest.raises(CursorInvalid):
        unpack_cursor(pack_cursor(created_at, job_id))
