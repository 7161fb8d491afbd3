"""Answers of newer servers, of proxies, and broken ones."""

import json

import pytest
from tests.support import answers

from pressroom.client.answers import Answer, parse, parse_event, refusal
from pressroom.client.errors import ApiProblem, BadAnswer, ServerUnreachable
from pressroom.client.sse import ServerSentEvent
from pressroom.contract.events import Delta, End
from pressroom.contract.jobs import JobView
from pressroom.contract.params import ImageParams, TextParams


def body(job: dict[str, object]) -> bytes:
    return json.dumps(job).encode()


def problem(status: int, **fields: object) -> Answer:
    return Answer(
        status, {"content-type": "application/problem+json; charset=utf-8"}, json.dumps(fields).encode()
    )


def test_unknown_fields_of_a_newer_server_are_dropped_at_every_depth() -> None:
    job = answers.text_job(colour="blue")
    job["usage"]["cents"] = 3
    job["params"]["mirostat"] = 2
    job["outputs"][0]["score"] = 0.5
    view = parse(JobView, body(job))
    assert view.outputs[0].text == "A blue mug."
    assert isinstance(view.params, TextParams)


def test_params_of_pictures_stay_those_of_pictures() -> None:
    assert isinstance(parse(JobView, body(answers.image_job())).params, ImageParams)


@pytest.mark.parametrize(
    "content", [b"", b"<html>hello</html>", b"[]", b"{}", body(answers.text_job())[:-30], b"\xff\xfe"]
)
def test_what_is_not_a_job_is_a_bad_answer(content: bytes) -> None:
    with pytest.raises(BadAnswer, match="not a JobView"):
        parse(JobView, content)


def test_wrong_types_stay_an_error() -> None:
    with pytest.raises(BadAnswer, match="attempt"):
        parse(JobView, body(answers.text_job(attempt="1")))


def sent(name: str, data: str, id_: str = "1-2") -> ServerSentEvent:
    return ServerSentEvent(name, data, id_)


def test_events_are_typed_with_or_without_a_type_inside() -> None:
    fields = {"n": 0, "offset": 0, "text": "é"}
    for data in (fields, {**fields, "type": "delta"}, {**fields, "logprob": -1}):
        envelope = parse_event(sent("delta", json.dumps(data)))
        assert envelope is not None
        assert envelope.event == Delta(n=0, offset=0, text="é")
        assert envelope.id == "1-2"


def test_events_that_are_not_known_are_skipped() -> None:
    assert parse_event(sent("progress", "{}")) is None
    assert parse_event(sent("message", "hello")) is None
    assert parse_event(sent("end", '{"status": "failed"}', "")) is None


@pytest.mark.parametrize("data", ["", "{", "[]", "null", "{}", '{"status": "dancing"}'])
def test_a_known_event_that_cannot_be_read_is_a_bad_answer(data: str) -> None:
    with pytest.raises(BadAnswer, match="event 1-2"):
        parse_event(sent("end", data))


def test_an_end() -> None:
    envelope = parse_event(sent("end", '{"status": "succeeded", "finish_reason": "stop"}'))
    assert envelope is not None
    assert envelope.event == End(status="succeeded", finish_reason="stop")


def test_a_problem_carries_all_that_the_server_said() -> None:
    error = refusal(
        problem(
            422,
            code="input_invalid",
            detail="params.top_p: too big.",
            field="params.top_p",
            errors=[
                {"field": "params.top_p", "message": "too big"},
                {"field": "params.n", "message": "too small"},
            ],
            request_id="req_9",
            new_field=1,
        ),
        "http://front.test",
    )
    assert isinstance(error, ApiProblem)
    assert (error.code, error.status, error.field, error.request_id) == (
        "input_invalid",
        422,
        "params.top_p",
        "req_9",
    )
    assert str(error) == "params.top_p: too big. params.n: too small"


def test_a_problem_without_detail_still_says_something() -> None:
    assert "418" in str(refusal(problem(418, code="teapot"), "http://front.test"))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_html_of_a_proxy_means_that_the_server_is_not_reached(status: int) -> None:
    headers = {"content-type": "text/html", "retry-after": "4"}
    error = refusal(Answer(status, headers, b"<h1>Bad gateway</h1>"), "http://front.test")
    assert isinstance(error, ServerUnreachable)
    assert error.retry_after_s == 4
    assert "proxy" in str(error)


@pytest.mark.parametrize("content", [b"<h1>Nothing here</h1>", b'{"message": "no"}', b"[]", b'{"code": "x"'])
def test_another_service_is_a_bad_answer(content: bytes) -> None:
    error = refusal(Answer(404, {"content-type": "application/json"}, content), "http://front.test")
    assert isinstance(error, BadAnswer)
    assert "base URL" in str(error)
