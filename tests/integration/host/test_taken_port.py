"""A relay or a worker whose metrics port is taken says so in one line, and is not to be started again."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EX_CONFIG = 78


@pytest.mark.parametrize("process", [["relay"], ["worker", "--pool", "text"]], ids=lambda words: words[0])
def test_a_taken_metrics_port(sqlite_url: str, tmp_path: Path, process: list[str]) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PRESSROOM_")}
    with socket.create_server(("", 0)) as taken:
        done = subprocess.run(
            [sys.executable, "-m", f"pressroom.{process[0]}", *process[1:]],
            env={
                **bare,
                "PRESSROOM_HOME": str(tmp_path),
                "PRESSROOM_DATABASE_URL": sqlite_url,
                "PRESSROOM_REDIS_URL": "redis://127.0.0.1:9/0",
                "PRESSROOM_ENGINE": "fake",
                "PRESSROOM_METRICS_PORT": str(taken.getsockname()[1]),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == EX_CONFIG, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{process[0]}_cannot_start" in done.stderr
    assert "PRESSROOM_METRICS_PORT" in done.stderr
