"""What is forked is a process as any other."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.acceptance import processes
from tests.acceptance.processes import Process
from tests.acceptance.starter import Starter

_TELLS = """
import json, os, random, sys, threading
print(json.dumps({
    "name": __name__, "arguments": sys.argv[1:], "environment": dict(os.environ), "cwd": os.getcwd(),
    "session": os.getsid(0), "pid": os.getpid(), "dice": random.random(), "threads": threading.active_count(),
    "open": [int(one) for one in os.listdir("/proc/self/fd")], "counts": "prometheus_client" in sys.modules,
}), file=sys.stderr)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tells.py").write_text(_TELLS)
    (tmp_path / "ends.py").write_text("import sys; sys.exit(int(sys.argv[1]))")
    (tmp_path / "breaks.py").write_text("raise RuntimeError('broken')")
    (tmp_path / "stays.py").write_text("import signal, sys\nprint('here', file=sys.stderr)\nsignal.pause()")
    return tmp_path


@pytest.fixture(autouse=True)
def own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Starter]:
    """A template of the test's own, which finds the test's modules."""
    monkeypatch.setenv("PYTHONPATH", str(folder))
    own = Starter()
    monkeypatch.setattr(processes, "starter", lambda: own)
    yield own
    own.close()


def run(folder: Path, module: str, *arguments: str, **environment: str) -> Process:
    return Process(module, module, arguments, environment, folder)


def test_it_has_its_own_session_arguments_environment_and_folder(folder: Path) -> None:
    told = [run(folder, "tells", "a", "b c", ONLY="here") for _ in range(2)]
    first, second = [json.loads(one.wait_for_line("{")) for one in told]
    assert [one.exit_status() for one in told] == [0, 0]
    assert (first["name"], first["arguments"], first["cwd"]) == ("__main__", ["a", "b c"], str(folder))
    assert first["environment"]["ONLY"] == "here"
    assert "OPENBLAS_NUM_THREADS" not in first["environment"]
    assert first["session"] == first["pid"] != second["pid"]
    assert first["dice"] != second["dice"], "two forks throw the same dice"
    assert first["threads"] == 1
    assert not first["counts"]
    assert set(first["open"]) <= {0, 1, 2, 3}, "it holds what is not its own"  # 3: the listing itself


def test_statuses_errors_and_signals_are_told_as_they_are(folder: Path) -> None:
    assert run(folder, "ends", "78").exit_status() == 78
    broken = run(folder, "breaks")
    assert broken.exit_status() == 1
    assert "RuntimeError: broken" in broken.shown()
    for number in (signal.SIGTERM, signal.SIGKILL):
        stays = run(folder, "stays")
        stays.wait_for_line("here")
        assert stays.running
        with pytest.raises(AssertionError, match="still runs"):
            stays.exit_status(0.05)
        stays.signal(number)
        assert stays.exit_status() == -number
        assert not stays.running
        assert not psutil.pid_exists(stays.pid)


def test_the_template_ends_with_its_asker() -> None:
    asks = "from tests.acceptance.starter import starter; print(starter()._template.pid)"
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert not psutil.pid_exists(int(done.stdout))


def test_a_template_that_is_gone_is_said_to_be(own: Starter) -> None:
    own._template.kill()
    own._template.wait(10)
    with pytest.raises((RuntimeError, ConnectionError)):
        own.ask({"wait": 1})
