"""``pressroom demo``: four files, a table of times, and nothing left running, whatever happens."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.acceptance.processes import until
from tests.acceptance.stack_process import environment

from pressroom.stack import valkey


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    runtime = valkey.runtime_dir(folder / "demo")
    (runtime / "valkey.sock").unlink(missing_ok=True)
    runtime.rmdir()


def start(home: Path, **changes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pressroom.cli.main", "demo"],
        cwd=home.parent,
        env=environment(home, **changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_of(home: Path) -> list[int]:
    """Processes that were told this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PRESSROOM_HOME") == str(home / "demo"):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_it_makes_a_text_and_a_picture_and_tells_what_took_how_long(home: Path) -> None:
    demo = start(home)
    out, err = demo.communicate(timeout=90)
    assert demo.returncode == 0, err
    copy = (home.parent / "out" / "copy.txt").read_text()
    assert copy.strip()
    assert copy.strip() in out, "it was shown as it came"
    assert (home.parent / "out" / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert (
        (home.parent / "out" / "feed.csv")
        .read_text()
        .startswith("\ufeffid,title,description,meta_description")
    )
    page = (home.parent / "out" / "index.html").read_text()
    assert page.count("<article>") == 12
    assert page.count("data:image/png;base64,") == 12
    rows = dict(line.split("\t") for line in out.splitlines() if "\t" in line)
    assert {"start everything", "text", "picture", "stop everything", "all"} <= {row.strip() for row in rows}
    assert all(float(seconds) >= 0 for seconds in rows.values())
    assert left_of(home) == []
    assert "Traceback" not in err


def test_what_fails_is_told_and_nothing_is_left(home: Path) -> None:
    demo = start(home, text_model="no-such-model")
    _, err = demo.communicate(timeout=90)
    assert demo.returncode == 1
    assert "model_unknown" in err
    assert "Traceback" not in err
    assert not (home.parent / "out").exists()
    assert left_of(home) == []


def test_ctrl_c_stops_everything(home: Path) -> None:
    demo = start(home, fake_step_s="0.5", drain_s="1")
    until(lambda: left_of(home), "something runs")
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert left_of(home) == []
