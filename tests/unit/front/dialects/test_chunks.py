"""A job as it happens, in OpenAI's chunks: also where a worker is lost, and where there is no end."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.support.jobs import new_job

from pressroom.domain.chances import TokenChance
from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.job import Job, Output, Usage
from pressroom.domain.states import State
from pressroom.front.dialects.openai.chunks import Form, chunks
from pressroom.front.dialects.openai.telling import text_logprobs
from pressroom.jobs.ports import Followed

CHAT = Form(chat=True, count=1, with_usage=False)
QUEUED = Job.accepted(new_job(), 1_700_000_000_500)


def _ended(text: str, state: State = State.SUCCEEDED, **changes: Any) -> Job:
    output = Output(0, "text/plain", len(text), "0" * 64, "stop", text=text)
    return replace(QUEUED, state=state, outputs=(output,), usage=Usage(3, 4, 5), **changes)


def _delta(text: str, offset: int) -> Followed:
    return Followed("1-1", "delta", {"type": "delta", "n": 0, "offset": offset, "text": text})


END, RESET = Followed("1-end", "end", {}), Followed("2-0", "reset", {})


def _told(events: list[Followed | None], job: Job, form: Form = CHAT) -> list[Any]:
    """What a client reads: chunks as values, and the rest as it stands."""
    text = "".join(chunks(QUEUED, iter(events), form, lambda: job))
    blocks = [block.removeprefix("data: ") for block in text.split("\n\n")[:-1]]
    return [json.loads(block) if block.startswith("{") else block for block in blocks]


def _text(told: list[Any]) -> str:
    return "".join(
        choice["delta"].get("content", "")
        for each in told
        if isinstance(each, dict)
        for choice in each["choices"]
    )


def test_a_worker_that_was_lost_is_not_seen() -> None:
    events = [
        _delta("one ", 0),
        _delta("two", 4),
        None,
        RESET,
        _delta("one", 0),
        _delta(" two three", 3),
        END,
    ]
    told = _told(events, _ended("one two three."))
    assert told[0] == ": open"
    assert ": still here" in told
    assert _text(told) == "one two three."
    assert told[-2]["choices"][0]["finish_reason"] == "stop"
    assert told[-1] == "[DONE]"


@pytest.mark.parametrize(
    ("events", "job"),
    [
        ([_delta("one two", 0), RESET, _delta("one tree", 0), END], _ended("one tree")),
        ([_delta("one two", 0), END], _ended("another")),
    ],
)
def test_a_text_that_came_out_differently_ends_in_an_error(events: list[Followed | None], job: Job) -> None:
    told = _told(events, job)
    assert told[-1]["error"]["code"] == "stream_broken"
    assert "[DONE]" not in told


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (_ended("on", State.FAILED, error_code="engine_error", error_message="It broke."), "engine_error"),
        (_ended("on", State.CANCELED), "job_canceled"),
        (_ended("on", State.EXPIRED), "not_in_time"),
    ],
)
def test_what_does_not_succeed_is_an_error(job: Job, code: str) -> None:
    told = _told([_delta("on", 0), END], job)
    assert told[-1]["error"]["code"] == code
    assert "[DONE]" not in told


def test_a_server_that_stops_says_so() -> None:
    assert _told([_delta("on", 0)], _ended("one"))[-1]["error"]["code"] == "stopping"


def test_a_job_that_cannot_be_looked_at_is_an_error() -> None:
    def look() -> Job:
        raise DatabaseUnavailable("The database is away. Try again.")

    text = "".join(chunks(QUEUED, iter([END]), CHAT, look))
    assert '"code":"database_unavailable"' in text


def test_probabilities_come_with_the_last_chunk() -> None:
    """A token may be half a character."""
    tokens = (
        TokenChance(1, b"a", -0.5, (TokenChance(1, b"a", -0.5), TokenChance(2, b"b", -1.5))),
        TokenChance(3, b"\xc3", -0.25),
    )
    job = _ended("a")
    job = replace(job, outputs=(replace(job.outputs[0], logprobs=tokens),))
    told = _told([END], job)
    content = told[-2]["choices"][0]["logprobs"]["content"]
    assert [each["bytes"] for each in content] == [[97], [195]]
    assert [each["token"] for each in content[0]["top_logprobs"]] == ["a", "b"]
    assert text_logprobs(job.outputs[0]) == {
        "tokens": ["a", "\ufffd"],
        "token_logprobs": [-0.5, -0.25],
        "top_logprobs": [{"a": -0.5, "b": -1.5}, {}],
        "text_offset": [0, 1],
    }


def test_what_it_cost_comes_last_where_it_was_asked_for() -> None:
    told = _told([END], _ended("a"), Form(chat=False, count=1, with_usage=True))
    assert told[-2]["choices"] == []
    assert told[-2]["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert told[0] == ": open"
