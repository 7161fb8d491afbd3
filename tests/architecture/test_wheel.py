"""The wheel: one plain package with all rooms, the zoo and the migrations; and the locks beside it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pressroom.engines.kernels.library import FILE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("pressroom-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize(
    "name",
    [
        "pressroom/settings.py",
        "pressroom/front/app.py",
        "pressroom/worker/process.py",
        "pressroom/engines/sessions.py",
        "pressroom/client/client.py",
        "pressroom/cli/main.py",
        "pressroom/stack/up.py",
        "pressroom/training/__main__.py",
        "pressroom/catalog/zoo/vae-fashion/manifest.json",
        "pressroom/catalog/zoo/vae-fashion/decoder.onnx",
        "pressroom/catalog/zoo/smollm2-135m-instruct/manifest.json",
        "pressroom/migrations/env.py",
        "pressroom/migrations/script.py.mako",
        "pressroom/front/templates/base.html",
        f"pressroom/engines/kernels/{FILE}",
    ],
)
def test_the_wheel_holds(names: set[str], name: str) -> None:
    assert name in names


def test_the_wheel_holds_nothing_else(names: set[str]) -> None:
    assert "pressroom/__init__.py" not in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"pressroom"}
    assert any(name.startswith("pressroom/migrations/versions/") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_the_locks_are_in_step_with_the_project() -> None:
    said = subprocess.run(
        [sys.executable, "scripts/lock.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.stderr == ""
    assert said.returncode == 0


@pytest.mark.parametrize("lock", sorted(path.name for path in (ROOT / "requirements").glob("*.txt")))
def test_a_lock_pins_hashes_and_no_torch(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert pinned
    assert all(line.endswith("\\") for line in pinned), "each is followed by its hashes"
    assert not [line for line in pinned if line.startswith(("torch==", "nvidia-"))] or "gpu" in lock
