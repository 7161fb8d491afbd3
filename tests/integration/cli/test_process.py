"""``pressroom`` as a process of its own: pipes that close, Ctrl-C, a terminal, against a real front."""

import csv
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.mini_stack import MiniStack

PRESSROOM = [sys.executable, "-m", "pressroom.cli.main"]


@pytest.fixture(scope="module")
def stack() -> Iterator[MiniStack]:
    with MiniStack() as running:
        yield running


@pytest.fixture(scope="module")
def idle() -> Iterator[MiniStack]:
    with MiniStack(worker=False) as running:
        yield running


def environment(stack: MiniStack, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PRESSROOM_URL": stack.url,
        "PRESSROOM_API_KEY": stack.key,
        "TERM": "xterm-256color",
    }


def start(stack: MiniStack, home: Path, *args: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*PRESSROOM, *args],
        env=environment(stack, home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever started the tests may have had Ctrl-C ignored, as a shell does for what it runs behind.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("how", ["--stream", "--no-stream"])
def test_a_pipe_gets_the_text_and_nothing_else(stack: MiniStack, tmp_path: Path, how: str) -> None:
    process = start(stack, tmp_path, "text", "A mug 🥐", how, "--seed", "7", "--max-tokens", "6")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    job = stack.store.jobs(stack.tenant, limit=1).jobs[0]
    assert out == f"{job.outputs[0].text}\n".encode()


def test_pictures_arrive_as_files(stack: MiniStack, tmp_path: Path) -> None:
    process = start(stack, tmp_path, "image", "--label", "sneaker", "-n", "4", "--grid", "out.png")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"out.png\n", b"")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_a_reader_that_stops_early_is_no_error(stack: MiniStack, tmp_path: Path) -> None:
    process = start(stack, tmp_path, "text", "A mug", "--stream", "--max-tokens", "12")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 1


def test_ctrl_c_says_how_to_go_on(idle: MiniStack, tmp_path: Path) -> None:
    process = start(idle, tmp_path, "text", "Nobody writes this", "--stream")
    assert process.stderr is not None
    # This remark comes after the submit.
    assert b"Waiting" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    job = idle.store.jobs(idle.tenant, limit=1).jobs[0]
    assert process.returncode == 130
    assert f"pressroom watch {job.id}".encode() in err
    assert b"Traceback" not in err
    assert job.state == "queued"


def test_a_terminal_sees_the_text_come_and_what_it_took(stack: MiniStack, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PRESSROOM, "text", "A mug", "--seed", "7", "--max-tokens", "6"],
        env=environment(stack, tmp_path),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(ours)
    assert process.wait(timeout=30) == 0
    job = stack.store.jobs(stack.tenant, limit=1).jobs[0]
    assert (job.outputs[0].text or "").encode() in seen
    assert b"seed 7" in seen
    assert b"\x1b[" in seen


def test_no_server_at_the_address(stack: MiniStack, tmp_path: Path) -> None:
    done = subprocess.run(
        [*PRESSROOM, "--url", "http://127.0.0.1:1", "models"],
        env=environment(stack, tmp_path),
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"make up" in done.stderr


def test_suggestions_for_many_readers_become_a_table(stack: MiniStack, tmp_path: Path) -> None:
    (tmp_path / "articles.csv").write_text("title,link\nDrying herbs,https://example.com/1\nRain,\n")
    (tmp_path / "readers.csv").write_text("reader,interests\nAnn,herbs\nBo,opera; rain\nCy,herbs\nDi,opera\n")
    tables = ("articles.csv", "--readers", "readers.csv", "--out", "all.csv", "--by", "words")
    process = start(stack, tmp_path, "suggest", *tables, "--n", "2")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b""), err
    assert b"No article is near the interests of Di." in err
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(each["reader"], each["interest"], each["title"]) for each in rows] == [
        ("Ann", "herbs", "Drying herbs"),
        ("Bo", "rain", "Rain"),
        ("Cy", "herbs", "Drying herbs"),
    ]
    assert all(each["text"] for each in rows)
    assert rows[0]["text"] == rows[2]["text"]
