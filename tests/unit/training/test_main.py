"""``python -m pressroom.training`` where torch is missing."""

import runpy
import sys

import pytest


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "pressroom.training.cli", raising=False)
    with pytest.raises(SystemExit, match=r"needs torch, .*pressroom\[train\]"):
        runpy.run_module("pressroom.training", run_name="__main__")
