"""ChildLog: whole lines of any bytes, turned by size; a disk that is full stops nobody."""

import errno
from pathlib import Path

import pytest

from pressroom.stack.logs import ChildLog


def say(log: ChildLog, *pieces: bytes) -> None:
    with log.open() as child:
        for piece in pieces:
            child.sendall(piece)
    log.settle(5.0)


@pytest.fixture
def log(tmp_path: Path) -> ChildLog:
    return ChildLog(tmp_path / "a.log", turn_bytes=10_000, keep=2)


def test_pieces_become_lines_and_the_last_one_needs_no_end(log: ChildLog) -> None:
    say(log, b"one\ntw", b"o\nthr", b"ee")
    say(log, b"next life\n")
    log.close()
    assert log.path.read_bytes() == b"one\ntwo\nthree\nnext life\n"
    assert log.last_lines() == "one\ntwo\nthree\nnext life"


def test_any_bytes_are_written_as_they_came(log: ChildLog) -> None:
    say(log, b"\xff\xfe first\n\x00 second\n")
    log.close()
    assert log.path.read_bytes() == b"\xff\xfe first\n\x00 second\n"
    assert "first" in log.last_lines()
    log.last_lines().encode()  # what is told to people is clean


def test_the_last_lines_are_few_and_of_this_run(log: ChildLog) -> None:
    log.path.write_text("an earlier run\n")
    say(log, b"line\n" * 30)
    log.close()
    assert log.last_lines() == "\n".join(["line"] * 20)
    assert log.path.read_text().startswith("an earlier run\n")


def test_a_file_of_an_earlier_run_that_is_too_large_is_turned(log: ChildLog) -> None:
    log.path.write_bytes(b"x" * 10_001)
    say(log, b"new\n")
    log.close()
    assert log.path.read_bytes() == b"new\n"
    assert log.path.with_suffix(".log.1").stat().st_size == 10_001


def test_a_line_without_an_end_is_not_kept_in_memory(log: ChildLog) -> None:
    say(log, b"x" * 2_500_000)
    log.close()
    assert sum(len(line) for line in log.last_lines().split("\n")) == 2_500_000
    assert log.last_lines().count("\n") >= 2


def test_a_full_disk_drops_lines_and_tells_how_many(log: ChildLog, monkeypatch: pytest.MonkeyPatch) -> None:
    say(log, b"before\n")
    with monkeypatch.context() as full:
        full.setattr(log._file, "_open", lambda: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        log._file.handleError(None)  # type: ignore[arg-type]  # the disk refuses the open file too
        say(log, b"lost\n" * 3)
    say(log, b"after\n")
    log.close()
    assert log.path.read_text() == "before\n\n-- 3 lines found no room here --\nafter\n"
