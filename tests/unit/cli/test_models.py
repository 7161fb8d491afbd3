"""``pressroom models``, and pull and import with the wiring replaced."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import answers
from tests.support.answers import Script, answer, problem
from tests.unit.cli.conftest import Run

from pressroom.adapters.models.errors import FetchFailed
from pressroom.bootstrap import models as wiring
from pressroom.domain.errors import ModelUnknown


def test_the_models(run: Run, script: Script) -> None:
    script.on("GET /v1/models", answer(answers.models()))
    rows = [row.split("\t") for row in run("models").stdout.splitlines()]
    assert rows[0] == ["smollm2-135m-instruct", "text", "1", "1", "cpu", "Apache-2.0", ""]
    assert rows[1][-1] == "sneaker, bag"
    assert [json.loads(row)["kind"] for row in run("models", "--json").stdout.splitlines()] == [
        "text",
        "image",
    ]


def test_list_is_what_models_alone_says(run: Run, script: Script) -> None:
    script.on("GET /v1/models", answer(answers.models()))
    assert run("models", "list").stdout == run("models").stdout


def test_an_exported_folder_has_a_name_of_its_own(run: Run, home: Path, asked: list[list[str]]) -> None:
    (home / "made").mkdir()
    (home / "made" / "manifest.json").write_text("{}")
    assert run("models", "import", "made").exit_code == 0
    assert run("models", "import", "made", "--name", "mine").exit_code == 2
    assert asked == [["-m", "pressroom.worker.importing", "made"]]


def test_verify_is_done_in_a_process_of_the_workers(run: Run, asked: list[list[str]]) -> None:
    assert run("models", "verify", "mine@2").exit_code == 0
    assert run("models", "verify", "fails").exit_code == 1
    assert asked[0] == ["-m", "pressroom.worker.verify", "mine@2"]


def test_a_refusal(run: Run, script: Script) -> None:
    script.on("GET /v1/models", problem(401, "api_key_invalid", "This API key is not valid here."))
    assert run("models").exit_code == 1


def test_pull(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(name: str, *, variant: str | None, progress: Callable[[int, int], None]) -> Path:
        progress(1, 2)
        progress(2, 2)
        return Path("models", f"{name}-{variant}")

    monkeypatch.setattr(wiring, "pull_model", pull)
    assert run("models", "pull", "m", "--variant", "q8").stdout == "models/m-q8\n"


@pytest.mark.parametrize(
    "error", [FetchFailed("No network. Try again."), ModelUnknown("No network. Try again.")]
)
def test_pull_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def pull(name: str, **_: object) -> Path:
        raise error

    monkeypatch.setattr(wiring, "pull_model", pull)
    result = run("models", "pull", "m")
    assert (result.exit_code, result.stderr) == (1, "Error: No network. Try again.\n")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What processes of the workers were asked for; the argument ``fails`` makes one fail."""
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command[1:])
        return subprocess.CompletedProcess(command, 2 if "fails" in command else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_import_is_done_in_a_process_of_the_workers(run: Run, home: Path, asked: list[list[str]]) -> None:
    (home / "mine.gguf").write_bytes(b"GGUF")
    result = run("models", "import", "mine.gguf", "--name", "mine", "--context", "4096", "--replace")
    assert result.exit_code == 0
    (home / "folder").mkdir()
    assert (
        run("models", "import", "folder", "--name", "f", "--variant", "i8", "--licence", "MIT").exit_code == 0
    )
    first, second = asked
    assert first == [
        "-m",
        "pressroom.worker.importing",
        "mine.gguf",
        "--name",
        "mine",
        "--variant",
        "q8",
        "--context",
        "4096",
        "--replace",
    ]
    assert second == [
        "-m",
        "pressroom.worker.importing",
        "folder",
        "--name",
        "f",
        "--variant",
        "i8",
        "--licence",
        "MIT",
    ]


def test_import_that_fails(run: Run, home: Path, asked: list[list[str]]) -> None:
    (home / "mine.gguf").write_bytes(b"GGUF")
    result = run("models", "import", "mine.gguf", "--name", "fails")
    assert (result.exit_code, result.stderr) == (1, "Error: mine.gguf was not imported.\n")


def test_check(run: Run, asked: list[list[str]]) -> None:
    assert run("models", "check", "mine").exit_code == 0
    assert run("models", "check", "fails", "--variant", "q8").exit_code == 1
    assert asked[1] == ["-m", "pressroom.worker.check", "fails", "--variant", "q8"]


def test_import_of_what_is_not_there_or_nameless(run: Run, home: Path) -> None:
    assert run("models", "import", "mine.gguf", "--name", "mine").exit_code == 2
    (home / "mine.gguf").write_bytes(b"GGUF")
    assert run("models", "import", "mine.gguf").exit_code == 2


def test_a_missing_extra_names_the_fix(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pressroom.bootstrap.models")
    monkeypatch.delattr("pressroom.bootstrap.models")
    for name in [name for name in sys.modules if name.startswith("pressroom.adapters.models")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = run("models", "pull", "m")
    assert result.exit_code == 2
    assert "pip install 'pressroom[worker-cpu]'" in result.stderr


@pytest.mark.parametrize("code", [0, 2])
def test_choose_measures_in_a_process_of_the_workers(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    asked: list[list[str]] = []

    def measured(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        asked.append(command[1:])
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(subprocess, "run", measured)
    result = run("models", "choose", "smollm2-135m-instruct")
    assert asked == [["-m", "pressroom.worker.choose", "smollm2-135m-instruct"]]
    assert result.exit_code == (1 if code else 0)
    assert ("Nothing was chosen" in result.stderr) == bool(code)
