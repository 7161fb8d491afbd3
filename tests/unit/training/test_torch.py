"""Stands in for the tests beside it where torch is missing."""

import importlib.util

import pytest


@pytest.mark.train
@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed (the train extra)")
def test_torch_is_there() -> None:
    import torch

    assert torch.__version__.startswith("2.13.")
