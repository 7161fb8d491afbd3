"""The root command: help, pipes that close, bugs without tracebacks."""

import pytest
from tests.support import answers
from tests.support.answers import Script, answer
from tests.unit.cli.conftest import Run

from pressroom.cli import console


def test_help_lists_every_command(run: Run) -> None:
    shown = run("--help").stdout
    commands = "text image submit watch fetch cancel erase jobs models config admin up demo"
    assert [name for name in commands.split() if f"\n  {name} " not in shown] == []


def test_an_unknown_command(run: Run) -> None:
    assert run("texts").exit_code == 2


def test_a_reader_that_goes_away_is_no_error(
    run: Run, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(text: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    script.on("GET /v1/models", answer(answers.models()))
    monkeypatch.setattr(console, "write", gone)
    result = run("models")
    assert (result.exit_code, result.output) == (1, "")


def test_a_bug_is_a_sentence(run: Run, script: Script) -> None:
    def bug(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    script.on("GET /v1/models", bug)  # type: ignore[arg-type]
    result = run("models")
    assert result.exit_code == 1
    assert "This is a bug in Pressroom (ZeroDivisionError: division by zero)" in result.stderr
