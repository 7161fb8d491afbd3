"""Import and check as the processes that the CLI starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.tiny_shapes import write_tiny_folder


def run(home: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PRESSROOM_")}
    return subprocess.run(
        [sys.executable, "-m", f"pressroom.worker.{module}", *arguments],
        env={**bare, "PRESSROOM_HOME": str(home), "PRESSROOM_MODELS_DIR": str(home / "models")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_folder_becomes_a_model_that_can_be_checked(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny", "smollm3")
    done = run(tmp_path, "importing", str(folder), "--name", "own", "--variant", "fp32")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'models' / 'own'}\n"
    assert "nats from its weights in float32" in done.stderr
    checked = run(tmp_path, "check", "own")
    assert checked.returncode == 0, checked.stderr
    assert "3 of 3 golden texts" in checked.stdout


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("own", "config.json", "has no config.json"),
        ("own", "tokenizer.json", "has no tokenizer.json"),
        ("own", "model.safetensors", "no *.safetensors"),
        ("../own", "", "name"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, name: str, spoil: str, says: str) -> None:
    folder = write_tiny_folder(tmp_path / "tiny", "llama")
    if spoil:
        (folder / spoil).unlink()
    done = run(tmp_path, "importing", str(folder), "--name", name)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not any((tmp_path / "models").glob("*/"))


def test_a_check_of_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "check", "nobody")
    assert done.returncode == 2
    assert "There is no model of this name" in done.stderr
