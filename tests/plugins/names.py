"""Names of tests are the same in each process and at each time: bytes, which may be packed with the hour in them, give none."""

from typing import Any

import pytest


def pytest_make_parametrize_id(config: pytest.Config, val: Any, argname: str) -> str | None:
    """The argument's name for bytes, which pytest then counts; None, pytest's own way, for all else."""
    return argname if isinstance(val, bytes) else None
