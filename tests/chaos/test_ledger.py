"""The clients' own account: whole lines in order, whatever was cut off at the end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.chaos.ledger import Ledger, digest, read
from tests.chaos.story import account


def test_lines_of_many_threads_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: ledger.write("asked", number=number, key="ü\n"), range(40)))
    entries = read(path)
    assert sorted(entry["number"] for entry in entries) == list(range(40))
    assert {entry["key"] for entry in entries} == {"ü\n"}


def test_a_line_is_on_disk_before_its_writer_goes_on(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        ledger.write("accepted", number=1, job="job_1")
        assert [entry["job"] for entry in read(ledger.path)] == ["job_1"]


def test_a_last_line_that_was_cut_off_was_never_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"what": "asked", "number": 1}\n{"what": "acc')
    assert [entry["number"] for entry in read(path)] == [1]


def test_a_broken_line_in_the_middle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"what": "as\n{"what": "asked", "number": 1}\n')
    with pytest.raises(ValueError):
        read(path)


def test_a_digest_is_of_the_numbers_and_their_bytes_in_any_order() -> None:
    assert digest([(0, "a"), (1, "b")]) == digest([(1, "b"), (0, "a")])
    assert digest([(0, "a"), (1, "b")]) != digest([(0, "b"), (1, "a")])
    assert digest([]) != digest([(0, "")])


def test_what_is_said_of_a_job_that_nobody_accepted_is_an_error() -> None:
    with pytest.raises(KeyError):
        account([{"what": "saw", "job": "job_1", "state": "failed", "outputs": ""}])
