"""The front stays light: what it does not load."""

import subprocess
import sys

import pytest

HEAVY = ("onnxruntime", "torch", "numpy", "tokenizers", "onnx", "gguf", "PIL", "boto3", "pressroom.engines")


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    program = "import sys, pressroom.front.app, pressroom.front.server; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return frozenset(done.stdout.split())


@pytest.mark.parametrize("module", HEAVY)
def test_the_front_does_not_load(loaded: frozenset[str], module: str) -> None:
    assert not {name for name in loaded if name == module or name.startswith(f"{module}.")}


def test_the_check_can_fail(loaded: frozenset[str]) -> None:
    assert "flask" in loaded
