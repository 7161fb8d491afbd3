"""``pressroom text``: streamed and whole, refused and failed, interrupted."""

import json
from typing import Any

import httpx
import pytest
from tests.support import answers
from tests.support.answers import JOB_ID, Script, answer, event, problem, stream
from tests.unit.cli.conftest import Run

SUBMIT = "POST /v1/jobs"
END = event("1-9", "end", status="succeeded", finish_reason="stop")


def deltas(*pieces: str, attempt: int = 1) -> list[str]:
    offsets = [len("".join(pieces[:n])) for n in range(len(pieces))]
    return [
        event(f"{attempt}-{n + 2}", "delta", n=0, offset=offset, text=piece)
        for n, (offset, piece) in enumerate(zip(offsets, pieces, strict=True))
    ]


@pytest.fixture
def front(script: Script) -> Script:
    """A front that writes «A blue mug.»."""
    script.on("GET /v1/models", answer(answers.models()))
    script.on(SUBMIT, answer(answers.text_job("queued", None), 202))
    script.on(f"GET /v1/jobs/{JOB_ID}/events", lambda _: stream(*deltas("A blue", " mug."), END))
    script.on(f"GET /v1/jobs/{JOB_ID}", answer(answers.text_job()))
    return script


def sent(script: Script) -> Any:
    return json.loads(script.sent(SUBMIT)[0].content)


@pytest.mark.parametrize("how", [[], ["--stream"], ["--no-stream"]])
def test_the_text_alone_goes_to_stdout(run: Run, front: Script, how: list[str]) -> None:
    result = run("text", "Write.", *how)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "A blue mug.\n", "")
    assert sent(front) == {"model": "smollm2-135m-instruct", "input": {"prompt": "Write."}, "params": {}}


def test_every_parameter_is_sent(run: Run, front: Script) -> None:
    options = "--model m --system Brief. --max-tokens 9 --temperature 0.5 --top-p 0.9 --top-k 3"
    more = "--repetition-penalty 1.2 --seed 7 --stop . --stop ! --n 1"
    assert run("text", "Grüße 🥐", *options.split(), *more.split()).exit_code == 0
    assert sent(front) == {
        "model": "m",
        "input": {
            "messages": [{"role": "system", "content": "Brief."}, {"role": "user", "content": "Grüße 🥐"}]
        },
        "params": {
            "max_tokens": 9,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 3,
            "repetition_penalty": 1.2,
            "seed": 7,
            "stop": [".", "!"],
            "n": 1,
        },
    }


def test_the_prompt_from_stdin(run: Run, front: Script) -> None:
    run("text", "-", input="From a pipe 🥐")
    assert sent(front)["input"] == {"prompt": "From a pipe 🥐"}


def test_several_texts(run: Run, front: Script) -> None:
    outputs = [
        answers.output(n, word.encode(), "text/plain; charset=utf-8", text=word, finish_reason="stop")
        for n, word in enumerate(("One", "Two"))
    ]
    front.on(f"GET /v1/jobs/{JOB_ID}", answer(answers.text_job(outputs=outputs)))
    assert run("text", "Write.", "--n", "2").stdout == "One\n---\nTwo\n"
    assert run("text", "Write.", "--n", "2", "--stream").exit_code == 2


def test_control_characters_do_not_reach_a_terminal(run: Run, front: Script, terminal: None) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/events", stream(*deltas("A\x1b[2J\x9b\tb\n"), END))
    assert run("text", "Write.", "--stream").stdout == "A�[2J�\tb\n\n"


def test_a_refusal_is_a_sentence(run: Run, front: Script) -> None:
    detail = "max_tokens is at most 4096."
    front.on(SUBMIT, problem(422, "input_invalid", detail, field="params.max_tokens"))
    result = run("text", "Write.", "--max-tokens", "9999")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {detail} (field params.max_tokens)\n"


def test_no_server(run: Run, front: Script) -> None:
    front.on("GET /v1/models", httpx.ConnectError("[Errno 111] Connection refused"))
    result = run("text", "Write.")
    assert result.exit_code == 3
    assert "make up" in result.stderr


def test_a_proxy_in_the_place_of_the_server(run: Run, front: Script) -> None:
    front.on("GET /v1/models", httpx.Response(502, html="<h1>Bad Gateway</h1>"))
    result = run("text", "Write.")
    assert result.exit_code == 3
    assert "proxy" in result.stderr


def test_a_number_that_is_none(run: Run, front: Script) -> None:
    result = run("text", "Write.", "--seed", "x")
    assert result.exit_code == 2
    assert "--seed" in result.stderr
    assert front.requests == []


@pytest.mark.parametrize("how", ["--stream", "--no-stream"])
def test_a_failed_job(run: Run, front: Script, how: str) -> None:
    failed = event("1-3", "end", status="failed")
    error = {"code": "engine_error", "message": "The model broke. Try again."}
    front.on(f"GET /v1/jobs/{JOB_ID}/events", stream(*deltas("A blue"), failed))
    front.on(f"GET /v1/jobs/{JOB_ID}", answer(answers.text_job("failed", "A blue", error=error)))
    result = run("text", "Write.", how)
    assert result.exit_code == 1
    assert "engine_error" in result.stderr
    assert result.stdout == ("A blue\n" if how == "--stream" else "")


def test_nobody_works(run: Run, front: Script) -> None:
    waiting = answers.text_job("queued", None, blocked_reason="No live worker has the model.")
    front.on(SUBMIT, answer(waiting, 202))
    assert "No live worker" in run("text", "Write.").stderr


CHANGED = [
    *deltas("A blue"),
    event("2-0", "reset", attempt=2, reason="new_attempt"),
    *deltas("A red mug.", attempt=2),
    event("2-9", "end", status="succeeded", finish_reason="stop"),
]


def test_a_changed_text_ends_a_pipe(run: Run, front: Script) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/events", stream(*CHANGED))
    result = run("text", "Write.", "--stream")
    assert result.exit_code == 1
    assert "begun anew" in result.stderr


def test_a_changed_text_is_shown_whole_on_a_terminal(run: Run, front: Script, terminal: None) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/events", stream(*CHANGED), stream(*CHANGED))
    front.on(f"GET /v1/jobs/{JOB_ID}", answer(answers.text_job(text="A red mug.")))
    result = run("text", "Write.", "--stream")
    assert (result.exit_code, result.stdout) == (0, "A blue\nA red mug.\n")
    assert "begun anew" in result.stderr


def interrupt(_: httpx.Request) -> httpx.Response:
    raise KeyboardInterrupt


def test_ctrl_c_leaves_the_job_and_says_so(run: Run, front: Script) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/events", interrupt)
    result = run("text", "Write.")
    assert result.exit_code == 130
    assert f"pressroom watch {JOB_ID}" in result.stderr
    assert f"pressroom cancel {JOB_ID}" in result.stderr
    assert not front.sent(f"POST /v1/jobs/{JOB_ID}/cancel")


def test_ctrl_c_cancels_when_asked_to(run: Run, front: Script) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/events", interrupt)
    front.on(f"POST /v1/jobs/{JOB_ID}/cancel", answer(answers.text_job("canceled", None)))
    result = run("text", "Write.", "--cancel-on-interrupt")
    assert result.exit_code == 130
    assert "is canceled" in result.stderr
    assert len(front.sent(f"POST /v1/jobs/{JOB_ID}/cancel")) == 1


def test_ctrl_c_before_the_job(run: Run, front: Script) -> None:
    front.on(SUBMIT, interrupt)
    result = run("text", "Write.")
    assert result.exit_code == 130
    assert "pressroom jobs" in result.stderr


def test_a_timeout(run: Run, front: Script) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/events", lambda _: stream(httpx.ReadTimeout("silent")))
    result = run("text", "Write.", "--timeout", "0.5")
    assert result.exit_code == 1
    assert "It goes on" in result.stderr
