"""Which connection is used, and the file that keeps one."""

import json
from pathlib import Path

import pytest
from tests.support import answers
from tests.support.answers import Script, answer
from tests.unit.cli.conftest import Run


@pytest.fixture
def front(script: Script) -> Script:
    return script.on("GET /v1/models", answer(answers.models()))


def saved(home: Path) -> Path:
    return home / "config" / "pressroom" / "config.json"


def test_saved_readable_by_the_owner_alone(run: Run, home: Path) -> None:
    result = run("config", "--url", "http://front.test:8017", "--api-key", "pr_a_b")
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(saved(home).read_text()) == {"url": "http://front.test:8017", "api_key": "pr_a_b"}
    assert saved(home).stat().st_mode & 0o777 == 0o600
    assert saved(home).parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in saved(home).parent.iterdir()] == ["config.json"]


def test_one_value_leaves_the_other(run: Run, home: Path) -> None:
    run("config", "--api-key", "pr_a_b")
    run("config", "--url", "https://front.test")
    assert json.loads(saved(home).read_text()) == {"url": "https://front.test", "api_key": "pr_a_b"}


def test_the_key_from_stdin(run: Run, home: Path) -> None:
    assert run("config", "--api-key", "-", input="pr_a_b\n").exit_code == 0
    assert json.loads(saved(home).read_text())["api_key"] == "pr_a_b"


@pytest.mark.parametrize("wrong", [["--url", "front"], ["--api-key", "pr_ä"]])
def test_what_cannot_be_right_is_not_saved(run: Run, home: Path, wrong: list[str]) -> None:
    assert run("config", *wrong).exit_code == 2
    assert not saved(home).exists()


def test_shown_without_the_secret(run: Run) -> None:
    shown = run("config").stdout
    assert "http://127.0.0.1:8017" in shown
    assert "pr_0123456789ab_…" in shown
    assert "ab_secret" not in shown


def test_the_saved_connection_is_used(run: Run, front: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    run("config", "--url", "http://saved.test", "--api-key", "pr_saved_x")
    monkeypatch.delenv("PRESSROOM_API_KEY")
    assert run("models").exit_code == 0
    assert front.requests[0].url.host == "saved.test"
    assert front.requests[0].headers["authorization"] == "Bearer pr_saved_x"


def test_the_environment_goes_before_the_file_and_the_flag_before_both(
    run: Run, front: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("config", "--url", "http://saved.test", "--api-key", "pr_saved_x")
    monkeypatch.setenv("PRESSROOM_URL", "http://environment.test")
    run("models")
    run("--url", "http://flag.test", "models")
    assert [request.url.host for request in front.requests] == ["environment.test", "flag.test"]
    assert front.requests[0].headers["authorization"] == "Bearer pr_0123456789ab_secret"


def test_no_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRESSROOM_API_KEY")
    result = run("models")
    assert result.exit_code == 2
    assert "pressroom admin keys create" in result.stderr


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_broken_file(run: Run, home: Path, content: bytes) -> None:
    saved(home).parent.mkdir(parents=True)
    saved(home).write_bytes(content)
    result = run("models")
    assert result.exit_code == 2
    assert str(saved(home)) in result.stderr


def test_a_relative_config_home_is_ignored(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(home))
    run("config", "--api-key", "pr_a_b")
    assert (home / ".config" / "pressroom" / "config.json").exists()
