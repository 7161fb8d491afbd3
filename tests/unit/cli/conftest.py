"""The command line before a scripted server, with a home of its own."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click.testing
import httpx
import pytest
from tests.support.answers import Script, Time

from pressroom.cli import config, console
from pressroom.cli.main import app
from pressroom.client import Client
from pressroom.client.courier import Pace

Run = Callable[..., click.testing.Result]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, an empty configuration, nothing of Pressroom in the environment."""
    for name in ("PRESSROOM_URL", "PRESSROOM_API_KEY", "PRESSROOM_DEBUG", "PRESSROOM_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PRESSROOM_HOME", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(script: Script, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as the shell would; ``.stdout``, ``.stderr`` and ``.exit_code`` are what it sees."""
    time = Time()
    front = partial(Client, transport=httpx.MockTransport(script), pace=Pace(time.sleep, time.clock))
    monkeypatch.setattr(config, "Client", front)
    monkeypatch.setenv("PRESSROOM_API_KEY", "pr_0123456789ab_secret")

    def run_it(*args: str, input: str | bytes | None = None) -> click.testing.Result:  # noqa: A002
        result = click.testing.CliRunner().invoke(app, args, input=input)
        assert "Traceback" not in result.output
        assert "\x1b" not in result.output
        return result

    return run_it


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reads stdout."""
    monkeypatch.setattr(console, "on_terminal", lambda: True)
