"""submit, watch, fetch, cancel, erase, jobs: the happy way and the main failure of each."""

import json
from pathlib import Path

import httpx
import pytest
from tests.support import answers
from tests.support.answers import JOB_ID, Script, answer, event, problem, stream
from tests.unit.cli.conftest import Run

JOB = f"GET /v1/jobs/{JOB_ID}"
EVENTS = f"GET /v1/jobs/{JOB_ID}/events"
UNKNOWN = problem(404, "job_unknown", "There is no such job.")
ENDED = event("1-2", "end", status="succeeded")


def test_submit_from_a_file_and_from_stdin(run: Run, script: Script, home: Path) -> None:
    script.on("POST /v1/jobs", answer(answers.text_job("queued", None), 202))
    request = {"model": "m", "input": {"prompt": "Grüße"}, "metadata": {"sku": "1"}}
    (home / "job.json").write_text(json.dumps(request), encoding="utf-8")
    assert run("submit", "job.json", "--idempotency-key", "k").stdout == f"{JOB_ID}\n"
    assert run("submit", input=json.dumps(request)).stdout == f"{JOB_ID}\n"
    first, second = script.sent("POST /v1/jobs")
    assert json.loads(first.content) == json.loads(second.content) == request
    assert first.headers["idempotency-key"] == "k"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "not JSON"), (b"[]", "one job"), (b"\xff", "not UTF-8"), (b"", "not JSON")],
)
def test_submit_of_what_is_not_a_job(run: Run, script: Script, home: Path, content: bytes, said: str) -> None:
    (home / "job.json").write_bytes(content)
    result = run("submit", "job.json")
    assert result.exit_code == 2
    assert said in result.stderr
    assert script.requests == []


def test_submit_of_nan(run: Run, script: Script) -> None:
    result = run("submit", input='{"model": "m", "params": {"top_p": NaN}}')
    assert result.exit_code == 2
    assert "JSON" in result.stderr


def test_submit_of_a_missing_file(run: Run, script: Script) -> None:
    assert run("submit", "nothing.json").exit_code == 2


def test_watch_a_text(run: Run, script: Script) -> None:
    script.on(JOB, answer(answers.text_job("running", None)), answer(answers.text_job()))
    script.on(EVENTS, stream(event("1-1", "delta", n=0, offset=0, text="A blue mug."), ENDED))
    result = run("watch", JOB_ID)
    assert (result.exit_code, result.stdout) == (0, "A blue mug.\n")


def test_watch_pictures(run: Run, script: Script) -> None:
    script.on(JOB, answer(answers.image_job(status="running")), answer(answers.image_job([b"a", b"b"])))
    script.on(EVENTS, stream(ENDED))
    result = run("watch", JOB_ID)
    assert (result.exit_code, result.stdout) == (0, f"2 pictures; `pressroom fetch {JOB_ID}` saves them\n")


@pytest.mark.parametrize("command", ["watch", "fetch", "cancel"])
def test_an_unknown_job(run: Run, script: Script, command: str) -> None:
    for call in (JOB, f"POST /v1/jobs/{JOB_ID}/cancel"):
        script.on(call, UNKNOWN)
    result = run(command, JOB_ID)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: There is no such job.\n")


def test_fetch_a_text(run: Run, script: Script, home: Path) -> None:
    script.on(JOB, answer(answers.text_job(text="Grüße 🥐")))
    script.on(f"{JOB}/outputs/0", httpx.Response(200, content="Grüße 🥐".encode()))
    assert run("fetch", JOB_ID).stdout == "Grüße 🥐\n"
    assert run("fetch", JOB_ID, "--out", "texts").stdout == f"texts/{JOB_ID}-0.txt\n"
    assert (home / f"texts/{JOB_ID}-0.txt").read_text(encoding="utf-8") == "Grüße 🥐"
    assert json.loads(run("fetch", JOB_ID, "--json").stdout)["links"]["self"] == f"/v1/jobs/{JOB_ID}"


def test_fetch_pictures(run: Run, script: Script, home: Path) -> None:
    script.on(JOB, answer(answers.image_job([b"pixels"])))
    script.on(f"{JOB}/outputs/0", httpx.Response(200, content=b"pixels"))
    assert run("fetch", JOB_ID).stdout == f"out/{JOB_ID}-0.png\n"
    assert (home / f"out/{JOB_ID}-0.png").read_bytes() == b"pixels"


def test_fetch_too_early(run: Run, script: Script) -> None:
    script.on(JOB, answer(answers.text_job("running", None)))
    result = run("fetch", JOB_ID)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "pressroom watch" in result.stderr


def test_fetch_the_partial_text_of_a_canceled_job(run: Run, script: Script) -> None:
    script.on(JOB, answer(answers.text_job("canceled", "A blu")))
    result = run("fetch", JOB_ID)
    assert (result.exit_code, result.stdout) == (1, "A blu\n")
    assert "was canceled" in result.stderr


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (answers.text_job("canceled", None), "is canceled"),
        (answers.text_job("running", None, cancel_requested=True), "told to stop"),
        (answers.text_job("succeeded"), "had ended before: succeeded"),
    ],
)
def test_cancel(run: Run, script: Script, job: dict[str, object], said: str) -> None:
    script.on(f"POST /v1/jobs/{JOB_ID}/cancel", answer(job))
    result = run("cancel", JOB_ID)
    assert (result.exit_code, result.stdout) == (0, "")
    assert said in result.stderr


def test_erase_asks_first(run: Run, script: Script) -> None:
    script.on(f"DELETE /v1/jobs/{JOB_ID}", httpx.Response(204))
    assert run("erase", JOB_ID, input="n\n").exit_code == 1
    assert script.requests == []
    assert run("erase", JOB_ID, input="y\n").exit_code == 0
    assert run("erase", JOB_ID, "--yes").exit_code == 0
    assert len(script.requests) == 2


def test_erase_twice(run: Run, script: Script) -> None:
    script.on(f"DELETE /v1/jobs/{JOB_ID}", problem(410, "job_erased", "This job was erased."))
    result = run("erase", JOB_ID, "--yes")
    assert (result.exit_code, result.stderr) == (1, "Error: This job was erased.\n")


@pytest.fixture
def pages(script: Script) -> Script:
    chat = [{"role": "user", "content": "Two\nlines\tand a tab"}]
    first = {"items": [answers.text_job(input={"prompt": None, "messages": chat})], "next": "c"}
    second = {"items": [answers.image_job(status="failed")], "next": None}
    return script.on("GET /v1/jobs", answer(first), answer(second))


def test_jobs_in_a_pipe_are_tab_separated_lines(run: Run, pages: Script) -> None:
    result = run("jobs", "--status", "failed")
    rows = [row.split("\t") for row in result.stdout.splitlines()]
    assert [row[:3] for row in rows] == [
        [JOB_ID, "succeeded", "smollm2-135m-instruct"],
        [JOB_ID, "failed", "vae-fashion"],
    ]
    assert [row[4] for row in rows] == ["Two lines and a tab", "sneaker"]
    assert pages.requests[0].url.params["status"] == "failed"


def test_jobs_stop_at_the_limit(run: Run, pages: Script) -> None:
    assert len(run("jobs", "--limit", "1").stdout.splitlines()) == 1
    assert len(pages.requests) == 1


def test_jobs_as_json_lines(run: Run, pages: Script) -> None:
    kinds = [json.loads(row)["kind"] for row in run("jobs", "--json").stdout.splitlines()]
    assert kinds == ["text", "image"]


def test_jobs_on_a_terminal_have_a_head(run: Run, pages: Script, terminal: None) -> None:
    assert run("jobs").stdout.splitlines()[0].split() == ["job", "status", "model", "queued", "about"]


def test_jobs_of_a_wrong_status(run: Run, script: Script) -> None:
    assert run("jobs", "--status", "lost").exit_code == 2


def test_jobs_without_a_valid_key(run: Run, script: Script) -> None:
    script.on("GET /v1/jobs", problem(401, "api_key_invalid", "This API key is not valid here."))
    result = run("jobs")
    assert (result.exit_code, result.stderr) == (1, "Error: This API key is not valid here.\n")
