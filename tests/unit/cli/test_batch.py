"""``pressroom batch``: post, wait, save; and the main failure of each."""

import json
from pathlib import Path

import pytest
from tests.support import answers
from tests.support.answers import BATCH_ID, Script, answer, lines, problem, result, stream
from tests.unit.cli.conftest import Run

from pressroom.client.batches import NDJSON

POST = "POST /v1/batches"
BATCH = f"GET /v1/batches/{BATCH_ID}"
ROWS = lines({"input": {"prompt": "one"}}, {"input": {"prompt": "two"}})


@pytest.fixture
def file(home: Path) -> str:
    (home / "rows.jsonl").write_text(ROWS, encoding="utf-8")
    return "rows.jsonl"


def test_a_post_writes_the_id(run: Run, script: Script, file: str) -> None:
    script.on(POST, answer(answers.batch(waiting=2), 202))
    asked = run("batch", "post", file, "--model", "m", "--priority", "3", "--idempotency-key", "k")
    assert (asked.exit_code, asked.stdout, asked.stderr) == (0, f"{BATCH_ID}\n", "")
    (request,) = script.requests
    assert request.content.decode() == ROWS
    assert request.url.query == b"model=m&priority=3"
    assert request.headers["idempotency-key"] == "k"


def test_a_post_that_waits_saves_the_results(run: Run, script: Script, file: str, home: Path) -> None:
    script.on(POST, answer(answers.batch(waiting=2), 202))
    script.on(BATCH, answer(answers.batch()), answer(answers.batch("finished", succeeded=2)))
    script.on(f"{BATCH}/results", stream(lines(result(1), result(2, "Grüße")), media_type=NDJSON))
    asked = run("batch", "post", file, "--out", "out/results.jsonl")
    assert (asked.exit_code, asked.stdout) == (0, f"{BATCH_ID}\n")
    saved = (home / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(each)["outputs"][0]["text"] for each in saved] == ["A mug.", "Grüße"]
    assert [path.name for path in (home / "out").iterdir()] == ["results.jsonl"]


def test_rows_that_were_refused_are_told_and_the_command_fails(run: Run, script: Script, file: str) -> None:
    refused = {
        "n": 2,
        "custom_id": None,
        "status": "refused",
        "job": None,
        "error": {"code": "input_invalid", "message": "model: Field required."},
    }
    script.on(POST, answer(answers.batch(waiting=1, refused=1), 202))
    script.on(f"{BATCH}/rows", answer({"items": [refused], "next": None}))
    script.on(BATCH, answer(answers.batch("finished", succeeded=1, refused=1)))
    asked = run("batch", "post", file, "--wait")
    assert asked.exit_code == 1
    assert "line 2: model: Field required." in asked.stderr
    assert "1 refused, 1 succeeded" in asked.stderr


def test_a_file_that_is_not_there_is_wrong_use(run: Run, script: Script) -> None:
    asked = run("batch", "post", "nope.jsonl")
    assert asked.exit_code == 2
    assert script.requests == []


def test_what_the_server_refuses_is_said(run: Run, script: Script, file: str) -> None:
    script.on(POST, problem(422, "too_many_rows", "A batch has at most 100000 rows. Post it in several."))
    asked = run("batch", "post", file)
    assert asked.exit_code == 1
    assert "at most 100000 rows" in asked.stderr


def test_a_timeout_leaves_it_running(run: Run, script: Script, file: str) -> None:
    script.on(POST, answer(answers.batch(waiting=2), 202))
    script.on(BATCH, answer(answers.batch()))
    asked = run("batch", "post", file, "--wait", "--timeout", "3")
    assert asked.exit_code == 1
    assert "It goes on" in asked.stderr


def test_show_tells_how_far_it_is(run: Run, script: Script) -> None:
    script.on(BATCH, answer(answers.batch(rows=5, waiting=3, running=2)))
    assert run("batch", "show", BATCH_ID).stdout == f"{BATCH_ID}: running, 5 rows (3 waiting, 2 running)\n"
    assert json.loads(run("batch", "show", BATCH_ID, "--json").stdout)["rows"] == 5


def test_results_go_to_stdout_as_lines(run: Run, script: Script) -> None:
    script.on(f"{BATCH}/results", stream(lines(result(1), result(2)), media_type=NDJSON))
    asked = run("batch", "results", BATCH_ID)
    assert [json.loads(each)["n"] for each in asked.stdout.splitlines()] == [1, 2]


def test_a_cut_for_good_leaves_no_file(run: Run, script: Script, home: Path) -> None:
    script.on(f"{BATCH}/results", problem(410, "batch_erased", "This batch was erased."))
    asked = run("batch", "results", BATCH_ID, "--out", "results.jsonl")
    assert asked.exit_code == 1
    assert list(home.glob("*results*")) == []


def test_list_is_a_line_each(run: Run, script: Script) -> None:
    script.on("GET /v1/batches", answer({"items": [answers.batch(counts=None)], "next": None}))
    assert run("batch", "list").stdout.startswith(f"{BATCH_ID}\trunning\t2\t0\t")
    assert json.loads(run("batch", "list", "--json").stdout)["id"] == BATCH_ID


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_cancel_and_retry_say_what_is_now(run: Run, script: Script, command: str) -> None:
    script.on(f"POST /v1/batches/{BATCH_ID}/{command}", answer(answers.batch("running", waiting=2)))
    assert f"Batch {BATCH_ID} is running" in run("batch", command, BATCH_ID).stderr


def test_erase_asks_first(run: Run, script: Script) -> None:
    script.on(f"DELETE /v1/batches/{BATCH_ID}", answer(None, 202))
    assert run("batch", "erase", BATCH_ID, input="n\n").exit_code == 1
    assert script.requests == []
    assert "is erased" in run("batch", "erase", BATCH_ID, "--yes").stderr
