"""``client.batches`` before a scripted server: bodies in pieces, results that go on after a cut."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support import answers
from tests.support.answers import BATCH_ID, Script, Time, answer, lines, problem, result, stream

from pressroom.client import ApiProblem, BadAnswer, Client, NotSendable, ServerUnreachable, TimedOut
from pressroom.client.batches import NDJSON
from pressroom.contract.jobs import JobInput, JobRequest

POST = "POST /v1/batches"
BATCH = f"GET /v1/batches/{BATCH_ID}"
RESULTS = f"{BATCH}/results"
ROWS: list[dict[str, Any]] = [{"custom_id": "é", "input": {"prompt": "one"}}, {"input": {"prompt": "two"}}]


def sent(script: Script) -> list[Any]:
    return [json.loads(line) for line in script.sent(POST)[-1].content.splitlines()]


def results(*chunks: str | Exception) -> httpx.Response:
    return stream(*chunks, media_type=NDJSON)


def test_rows_go_as_lines_with_what_they_share(client: Client, script: Script) -> None:
    script.on(POST, answer(answers.batch(waiting=2), 202))
    made = client.batches.post(ROWS, model="m", priority=7, idempotency_key="feed")
    assert (made.id, made.counts and made.counts.waiting) == (BATCH_ID, 2)
    assert sent(script) == ROWS
    (request,) = script.requests
    assert request.url.query == b"model=m&priority=7"
    assert request.headers["content-type"] == NDJSON
    assert request.headers["idempotency-key"] == "feed"


def test_rows_may_be_a_file_requests_or_a_function(client: Client, script: Script, tmp_path: Path) -> None:
    script.on(POST, answer(answers.batch(), 202))
    file = tmp_path / "rows.jsonl"
    content = lines(*ROWS) * 3_000
    file.write_text(content, encoding="utf-8")
    client.batches.post(file)
    assert script.sent(POST)[-1].content.decode() == content
    client.batches.post([JobRequest(model="m", input=JobInput(prompt="one"))])
    assert sent(script) == [{"model": "m", "input": {"prompt": "one"}}]
    client.batches.post(lambda: (row for row in ROWS))
    assert sent(script) == ROWS


def test_a_body_is_made_anew_for_each_try_under_one_key(client: Client, script: Script) -> None:
    made: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        made.append(1)
        yield from ROWS

    script.on(POST, httpx.ReadError("cut"), problem(503, "busy", "Later."), answer(answers.batch(), 202))
    client.batches.post(rows)
    assert len(made) == 3
    assert len({request.headers["idempotency-key"] for request in script.sent(POST)}) == 1
    assert sent(script) == ROWS


def test_a_generator_is_refused_before_anything_is_sent(client: Client, script: Script) -> None:
    with pytest.raises(NotSendable, match="only once"):
        client.batches.post(row for row in ROWS)
    assert script.requests == []


def test_what_is_no_json_is_not_sent_as_something_else(client: Client, script: Script) -> None:
    with pytest.raises(NotSendable):
        client.batches.post([{"input": {"prompt": object()}}])


def test_a_refusal_is_raised(client: Client, script: Script) -> None:
    script.on(POST, problem(422, "too_many_rows", "A batch has at most 100000 rows."))
    with pytest.raises(ApiProblem) as raised:
        client.batches.post(ROWS)
    assert raised.value.code == "too_many_rows"
    assert len(script.requests) == 1


def test_results_come_in_order_whatever_the_pieces(client: Client, script: Script) -> None:
    body = lines(result(1), result(2, "Grüße"), result(4, outputs=[], status="failed"))
    script.on(RESULTS, results(body[:10], body[10:400], body[400:]))
    found = list(client.batches.results(BATCH_ID))
    assert [(each.n, each.status) for each in found] == [(1, "succeeded"), (2, "succeeded"), (4, "failed")]
    assert found[1].outputs[0].text == "Grüße"


def test_results_go_on_behind_the_last_whole_row(client: Client, script: Script, time: Time) -> None:
    first, second, third = (lines(result(n)) for n in (1, 2, 3))
    script.on(
        RESULTS,
        results(first, second[:20], httpx.ReadError("cut")),
        results(second, httpx.ReadError("cut")),
        problem(503, "database_unavailable", "Later."),
        results(third),
    )
    assert [each.n for each in client.batches.results(BATCH_ID)] == [1, 2, 3]
    assert [r.url.query for r in script.sent(RESULTS)] == [b"after=0", b"after=1", b"after=2", b"after=2"]
    assert len(time.slept) == 3


def test_results_that_never_come_are_given_up(client: Client, script: Script) -> None:
    script.on(RESULTS, httpx.ConnectError("refused"))
    with pytest.raises(ServerUnreachable):
        list(client.batches.results(BATCH_ID))
    assert len(script.requests) == 4


@pytest.mark.parametrize("body", ["{}\n", "nonsense\n", lines(result(1))[:-5]])
def test_results_that_are_none_are_not_taken_for_some(client: Client, script: Script, body: str) -> None:
    script.on(RESULTS, results(body))
    with pytest.raises(BadAnswer):
        list(client.batches.results(BATCH_ID))


def test_another_media_type_is_no_result(client: Client, script: Script) -> None:
    script.on(RESULTS, answer({}))
    with pytest.raises(BadAnswer):
        list(client.batches.results(BATCH_ID))


def test_waiting_looks_now_and_then_until_the_end(client: Client, script: Script, time: Time) -> None:
    running, done = answer(answers.batch()), answer(answers.batch("finished", succeeded=2))
    script.on(BATCH, running, running, done)
    assert client.batches.wait(BATCH_ID).status == "finished"
    assert time.slept == [2.0, 2.0]


def test_waiting_ends_in_time(client: Client, script: Script, time: Time) -> None:
    script.on(BATCH, answer(answers.batch()))
    with pytest.raises(TimedOut, match=f"Batch {BATCH_ID}"):
        client.batches.wait(BATCH_ID, timeout_s=5)
    assert sum(time.slept) == pytest.approx(5)


def test_pages_are_followed(client: Client, script: Script) -> None:
    row = {"n": 1, "custom_id": None, "status": "refused", "job": None, "error": None}
    script.on(
        f"{BATCH}/rows",
        answer({"items": [row], "next": "1"}),
        answer({"items": [row | {"n": 2}], "next": None}),
    )
    assert [each.n for each in client.batches.rows(BATCH_ID, status="refused")] == [1, 2]
    assert [r.url.query for r in script.requests] == [b"status=refused", b"status=refused&cursor=1"]
    script.on(
        "GET /v1/batches",
        answer({"items": [answers.batch(counts=None)], "next": "x"}),
        answer({"items": [], "next": None}),
    )
    assert [each.id for each in client.batches.list()] == [BATCH_ID]


def test_an_erase_that_worked_the_first_time_is_done(client: Client, script: Script) -> None:
    script.on(
        f"DELETE /v1/batches/{BATCH_ID}", httpx.ReadError("cut"), problem(410, "batch_erased", "Erased.")
    )
    client.batches.erase(BATCH_ID)


def test_an_empty_id_goes_nowhere(client: Client, script: Script) -> None:
    for call in (client.batches.get, client.batches.cancel, client.batches.retry, client.batches.erase):
        with pytest.raises(NotSendable):
            call("")
    assert script.requests == []
