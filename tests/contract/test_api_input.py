"""Bad input gets a clear answer: one test a line of the promise."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.catalogs import LABELS
from tests.support.front import TEXT_JOB, Front, problem


def prompt(text: Any) -> dict[str, Any]:
    return {**TEXT_JOB, "input": {"prompt": text}}


# -- bad -------------------------------------------------------------------------------------------------


def test_an_unknown_model_is_404_and_the_known_ones_are_named(front: Front) -> None:
    body = problem(front.post({"model": "nobody", "input": {"prompt": "a"}}), 404, "model_unknown", "model")
    assert "painter" in body["detail"]
    assert "writer" in body["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"input": {"prompt": "a", "colour": "red"}}, "input.colour"),
        ({"input": {"messages": [{"role": "user", "content": "a", "name": "b"}]}}, "input.messages.0.name"),
        ({"params": {"colour": "red"}}, "params.colour"),
    ],
)
def test_an_unknown_field_is_named(front: Front, change: dict[str, Any], field: str) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": 3}, "model"),
        ({"model": None}, "model"),
        ({"model": ["writer"]}, "model"),
        ({"input": "a"}, "input"),
        ({"input": {"prompt": 3}}, "input.prompt"),
        ({"input": {"messages": "a"}}, "input.messages"),
        ({"input": {"messages": {}}}, "input.messages"),
        ({"input": {"messages": [3]}}, "input.messages.0"),
        ({"input": {"messages": [{"role": "robot", "content": "a"}]}}, "input.messages.0.role"),
        ({"params": []}, "params"),
        ({"params": {"max_tokens": "3"}}, "params.max_tokens"),
        ({"params": {"max_tokens": True}}, "params.max_tokens"),
        ({"params": {"temperature": "hot"}}, "params.temperature"),
        ({"priority": "5"}, "priority"),
        ({"priority": 5.0}, "priority"),
        ({"deadline_s": None}, "deadline_s"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": [1]}, "metadata"),
    ],
)
def test_a_wrong_type_is_named(front: Front, change: dict[str, Any], field: str) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize("missing", ["model", "input"])
def test_a_missing_field_is_named(front: Front, missing: str) -> None:
    problem(front.post({k: v for k, v in TEXT_JOB.items() if k != missing}), 422, "input_invalid", missing)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"params": {"top_p": 1.5}}, "params.top_p"),
        ({"params": {"max_tokens": 0}}, "params.max_tokens"),
        ({"params": {"seed": 2**53}}, "params.seed"),
        ({"params": {"seed": 10**300}}, "params.seed"),
        ({"priority": 10}, "priority"),
        ({"priority": -1}, "priority"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"deadline_s": 10**9}, "deadline_s"),
        ({"result_ttl_s": 59}, "result_ttl_s"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a"),
        ({"input": {"messages": []}}, "input.messages"),
        ({"input": {"messages": [{"role": "user", "content": "a"}] * 65}}, "input.messages"),
        ({"model": "m" * 130}, "model"),
    ],
)
def test_out_of_range_is_named(front: Front, change: dict[str, Any], field: str) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999"])
def test_numbers_that_are_none_are_refused(front: Front, number: str) -> None:
    body = json.dumps(TEXT_JOB).replace('"seed": 7', f'"temperature": {number}')
    problem(front.send(body.encode()), 400, "malformed_json")


@pytest.mark.parametrize("text", ["", " ", "\n\t \r"])
def test_an_empty_prompt_is_refused(front: Front, text: str) -> None:
    problem(front.post(prompt(text)), 422, "input_invalid", "input.prompt")


def test_a_prompt_longer_than_the_context_is_refused_with_both_counts(tmp_path: Path) -> None:
    from tests.support.catalogs import build_tokenizer

    build_tokenizer(tmp_path / "models")
    body = problem(Front(tmp_path).post(prompt("word " * 200)), 422, "prompt_too_long", "input")
    assert "205 tokens" in body["detail"]
    assert "100 in all" in body["detail"]


def test_a_body_over_the_limit_is_413(tmp_path: Path) -> None:
    front = Front(tmp_path, max_body_bytes=2_000)
    problem(front.post(prompt("a" * 3_000)), 413, "body_too_large")
    problem(front.send(b"x" * 3_000, "text/plain"), 413, "body_too_large")
    assert front.post(prompt("a" * 1_000)).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'model': 'writer'}",
        b'{"model": "writer",}',
        b'{"model": "writer"} {}',
        b"nonsense",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"priority": ' + b"9" * 5_000 + b"}",
        b'{"model": "a", "model": "writer", "input": {"prompt": "a"}}',
        b'{"model": "writer", "input": {"prompt": "a", "prompt": "b"}}',
        b'{"model": "\\x"}',
        b'{"model": "a\nb"}',
    ],
)
def test_malformed_json_is_400(front: Front, body: bytes) -> None:
    problem(front.send(body), 400, "malformed_json")


@pytest.mark.parametrize("body", [b"null", b"3", b'"text"', b"[]", b"[{}]", b"true"])
def test_json_that_is_no_object_is_refused(front: Front, body: bytes) -> None:
    problem(front.send(body), 422, "input_invalid", "body")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/xml",
     "application/json; charset=utf-16", "application/jsonp", "application/problem+json"],
)  # fmt: skip
def test_another_content_type_is_415(front: Front, content_type: str) -> None:
    problem(front.send(json.dumps(TEXT_JOB).encode(), content_type), 415, "unsupported_media_type")


def test_a_compressed_body_is_415(front: Front) -> None:
    response = front.send(json.dumps(TEXT_JOB).encode(), headers={"Content-Encoding": "gzip"})
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"]
)
def test_json_in_utf_8_is_taken(front: Front, content_type: str) -> None:
    body = json.dumps(prompt("Größe 🥐"), ensure_ascii=False).encode()
    response = front.send(body, content_type)
    assert response.status_code == 202
    assert response.json["input"]["prompt"] == "Größe 🥐"


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"caf\xe9"])
def test_bad_utf_8_is_400(front: Front, bad: bytes) -> None:
    problem(front.send(b'{"model": "writer", "input": {"prompt": "' + bad + b'"}}'), 400, "malformed_text")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"input": {"prompt": "a\0b"}}, "input.prompt"),
        ({"input": {"messages": [{"role": "user", "content": "\0"}]}}, "input.messages.0.content"),
        ({"model": "writer\0"}, "model"),
        ({"metadata": {"a": "\0"}}, "metadata.a"),
        ({"metadata": {"\0": "a"}}, "metadata"),
        ({"params": {"stop": ["\0"]}}, "params.stop.0"),
        ({"params": {"label": "\0"}}, "params.label"),
    ],
)
def test_nul_characters_are_refused_wherever_they_are(
    front: Front, change: dict[str, Any], field: str
) -> None:
    problem(front.post({**TEXT_JOB, **change}), 422, "input_invalid", field)


@pytest.mark.parametrize("half", ["\\ud83d", "\\udc00", "a\\udfffb"])
def test_half_a_surrogate_pair_is_refused(front: Front, half: str) -> None:
    body = f'{{"model": "writer", "input": {{"prompt": "{half}"}}}}'
    problem(front.send(body.encode()), 422, "input_invalid", "input.prompt")


def test_a_label_that_the_model_does_not_have_names_those_it_has(front: Front) -> None:
    response = front.post({"model": "painter", "params": {"label": "boots"}})
    body = problem(response, 422, "input_invalid", "params.label")
    assert all(label in body["detail"] for label in LABELS)


def test_all_fields_at_fault_are_listed(front: Front) -> None:
    body = problem(front.post({**TEXT_JOB, "colour": 1, "priority": 10}), 422, "input_invalid")
    assert {error["field"] for error in body["errors"]} == {"colour", "priority"}


# -- addresses, methods, queries -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/job", "/v1/jobs/", "/v2/jobs", "/%00", "/%ff", "/v1/jobs/a/b"]
)
def test_an_unknown_address_is_404(front: Front, path: str) -> None:
    problem(front.call("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/v1/jobs", "POST"), ("DELETE", "/v1/jobs", "GET"), ("POST", "/v1/models", "GET"),
     ("PATCH", f"/v1/jobs/job_{'0' * 32}", "DELETE"), ("GET", f"/v1/jobs/job_{'0' * 32}/cancel", "POST")],
)  # fmt: skip
def test_a_wrong_method_is_405_and_the_right_ones_are_named(
    front: Front, method: str, path: str, allowed: str
) -> None:
    response = front.call(method, path)
    problem(response, 405, "method_not_allowed")
    assert allowed in response.headers["Allow"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=101", "query.limit"),
        ("limit=x", "query.limit"),
        ("limit=", "query.limit"),
        ("limit=1.5", "query.limit"),
        ("limit=1&limit=2", "query.limit"),
        ("status=done", "query.status"),
        ("status=", "query.status"),
        ("model=", "query.model"),
        ("model=" + "m" * 65, "query.model"),
        ("colour=red", "query.colour"),
        ("cursor=" + "c" * 300, "query.cursor"),
    ],
)
def test_a_wrong_query_is_422(front: Front, query: str, field: str) -> None:
    problem(front.call("GET", f"/v1/jobs?{query}"), 422, "input_invalid", field)


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "%F0%9F%A5%90", "-", "e30="])
def test_a_cursor_that_is_not_ours_is_422(front: Front, cursor: str) -> None:
    problem(front.call("GET", f"/v1/jobs?cursor={cursor}"), 422, "cursor_invalid")


@pytest.mark.parametrize("query", ["model=%ff", "model=%00", "%00=1", "model=a%00b", "x=%c3%28"])
def test_a_query_that_is_no_text_is_400(front: Front, query: str) -> None:
    problem(front.call("GET", f"/v1/jobs?{query}"), 400, "malformed_text")


@pytest.mark.parametrize(
    "path", ["/v1/models", f"/v1/jobs/job_{'0' * 32}", "/healthz", "/readyz", "/openapi.json"]
)
def test_an_address_that_takes_no_parameters_refuses_them(front: Front, path: str) -> None:
    problem(front.call("GET", f"{path}?a=1"), 422, "input_invalid", "query.a")


def test_every_answer_has_a_request_id(front: Front) -> None:
    ids = {
        front.call("GET", path).headers["X-Request-Id"] for path in ("/v1/jobs", "/nope", "/healthz", "/docs")
    }
    assert len(ids) == 4


def test_the_clients_own_request_id_is_kept_if_it_is_sane(front: Front) -> None:
    assert front.call("GET", "/healthz", headers={"X-Request-Id": "a-1.b"}).headers["X-Request-Id"] == "a-1.b"
    for bad in ("", "a b", "x" * 129, "ü", 'a"b'):
        made = front.call("GET", "/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert made.startswith("req_")
