"""How a batch stands, in OpenAI's words."""

from dataclasses import replace
from typing import Any

import pytest

from pressroom.domain.batch import Batch, BatchCounts, BatchRow, BatchState, RowState
from pressroom.domain.job import Job
from pressroom.front.dialects.openai.batch_telling import batch_object, is_late, lines, marked, produced

DAY_MS = 24 * 3_600_000
RUNNING = Batch(
    "batch_1",
    "acme",
    BatchState.RUNNING,
    {},
    marked("/v1/completions", "file-1", {"a": "b"}),
    3,
    0,
    3,
    60,
    5_000,
    6_000,
)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": BatchState.RECEIVING}, "validating"),
        ({}, "in_progress"),
        ({"state": BatchState.FINISHED, "finished_at": 9_000}, "completed"),
        ({"state": BatchState.CANCELED, "canceled_at": 8_000}, "cancelling"),
        ({"state": BatchState.CANCELED, "canceled_at": 8_000, "finished_at": 9_000}, "cancelled"),
        ({"state": BatchState.CANCELED, "canceled_at": 5_000 + DAY_MS}, "expired"),
        (
            {"state": BatchState.CANCELED, "canceled_at": 5_000 + DAY_MS, "finished_at": 7_000 + DAY_MS},
            "expired",
        ),
    ],
)
def test_it_stands_as_theirs_would(changes: dict[str, Any], status: str) -> None:
    told = batch_object(replace(RUNNING, **changes), BatchCounts(succeeded=1, failed=1, canceled=1))
    assert told["status"] == status
    ended = "finished_at" in changes
    assert (told["output_file_id"] is not None, told["error_file_id"] is not None) == (ended, ended)
    assert (told["expired_at"] is not None) == (status == "expired")
    assert (told["cancelled_at"] is not None) == (status == "cancelled")
    assert told["metadata"] == {"a": "b"}
    assert told["expires_at"] == 5 + DAY_MS // 1000


def test_it_is_late_after_a_day_while_it_runs() -> None:
    assert not is_late(RUNNING, 4_999 + DAY_MS)
    assert is_late(RUNNING, 5_000 + DAY_MS)
    assert not is_late(replace(RUNNING, state=BatchState.FINISHED), 5_000 + DAY_MS)


def no_numbers(job: Job) -> list[list[float]]:
    raise AssertionError(f"{job.id} has told no numbers")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (
            BatchRow(1, "a", RowState.REFUSED, error_code="input_invalid", error_message="No."),
            "input_invalid",
        ),
        (BatchRow(1, "a", RowState.EXPIRED, "job_1"), "batch_expired"),
        (BatchRow(1, "a", RowState.CANCELED), "batch_cancelled"),
        (BatchRow(1, "a", RowState.SUCCEEDED, "job_1"), "job_erased"),
    ],
)
def test_what_did_not_come_about_is_a_line_of_errors(row: BatchRow, code: str) -> None:
    assert list(lines(RUNNING, [row], no_numbers, good=True)) == []
    (line,) = lines(RUNNING, [row], no_numbers, good=False)
    assert f'"code": "{code}"' in line


def test_files_of_results_are_known_by_their_names() -> None:
    done = replace(RUNNING, state=BatchState.FINISHED, finished_at=9_000)
    told = batch_object(done, BatchCounts(succeeded=1, refused=1))
    assert produced(told["output_file_id"]) == ("batch_1", True)
    assert produced(told["error_file_id"]) == ("batch_1", False)
    assert produced("file-upl_1") is None
