"""Commands that are imported when they are called."""

import sys
from types import ModuleType

import click
import click.testing
import pytest

from pressroom.cli.lazy import App, Later


def run(module: str, *args: str) -> click.testing.Result:
    app = App("app", later={"far": Later(module, "far", "From far away.", "moon")})
    return click.testing.CliRunner().invoke(app, args)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> str:
    @click.command()
    @click.argument("word")
    def far(word: str) -> None:
        """The real command."""
        click.echo(f"far {word}")

    module = ModuleType("module_of_far")
    module.far = far  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "module_of_far", module)
    return "module_of_far"


def test_listed_without_an_import() -> None:
    result = run("not_installed.commands", "--help")
    assert result.exit_code == 0
    assert "far  From far away." in result.output


def test_called(loaded: str) -> None:
    assert run(loaded, "far", "away").output == "far away\n"
    assert "The real command." in run(loaded, "far", "--help").output


def test_a_missing_extra_names_the_fix() -> None:
    result = run("not_installed.commands", "far")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: This command needs not_installed, which is not installed here. "
        "Run: pip install 'pressroom[moon]'\n"
    )


def test_a_missing_module_of_our_own_is_a_bug() -> None:
    result = run("pressroom.nowhere", "far")
    assert result.exit_code == 1
    assert "This is a bug in Pressroom (ModuleNotFoundError" in result.stderr


def test_a_bug_is_shown_to_who_asks(loaded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSROOM_DEBUG", "1")
    assert isinstance(run("pressroom.nowhere", "far").exception, ModuleNotFoundError)
