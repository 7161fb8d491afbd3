"""OpenAI's dialect over HTTP: what its clients send, what they are answered, and what is refused how."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import words_of

from pressroom.domain.scopes import Scope

MODEL = "smollm2-135m-instruct"
CHAT = "/openai/v1/chat/completions"
TEXT = "/openai/v1/completions"
IMAGES = "/openai/v1/images/generations"
HELLO: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "seed": 3}
PNG = b"\x89PNG\r\n\x1a\n"


def _said(n: int = 0, most: int = 12, seed: int = 3) -> str:
    return "".join(words_of(seed, most, n))


def _events(response: httpx.Response) -> Iterator[str]:
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield line.removeprefix("data: ")


def _streamed(client: httpx.Client, path: str, body: dict[str, Any]) -> list[Any]:
    with client.stream("POST", path, json={**body, "stream": True}) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-cache"
        told = list(_events(response))
    assert told[-1] == "[DONE]"
    return [json.loads(each) for each in told[:-1]]


# -- what comes out ------------------------------------------------------------------------------------


def test_models_are_listed_and_looked_at(client: httpx.Client) -> None:
    listed = client.get("/openai/v1/models").json()
    assert listed["object"] == "list"
    assert {"icons", MODEL} <= {each["id"] for each in listed["data"]}
    one = client.get(f"/openai/v1/models/{MODEL}").json()
    assert one == {"id": MODEL, "object": "model", "created": 0, "owned_by": "pressroom"}
    assert client.get("/openai/v1/models/nobody").json()["error"]["code"] == "model_not_found"


def test_a_chat_is_answered_and_is_a_job_like_any_other(client: httpx.Client) -> None:
    body = {
        **HELLO,
        "messages": [
            {"role": "developer", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]},
        ],
        "n": 2,
        "max_completion_tokens": 12,
        "user": "u-1",
        "metadata": {"campaign": "spring"},
        "service_tier": "priority",
    }
    told = client.post(CHAT, json=body).json()
    assert told["object"] == "chat.completion"
    assert told["model"] == MODEL
    assert [choice["message"]["content"] for choice in told["choices"]] == [_said(0), _said(1)]
    assert [choice["index"] for choice in told["choices"]] == [0, 1]
    assert {choice["finish_reason"] for choice in told["choices"]} <= {"stop", "length"}
    assert (
        told["usage"]["total_tokens"] == told["usage"]["prompt_tokens"] + told["usage"]["completion_tokens"]
    )
    assert told["service_tier"] == "priority"
    job = client.get(f"/v1/jobs/{told['id'].removeprefix('chatcmpl-')}").json()
    assert job["status"] == "succeeded"
    assert job["input"]["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "hello"},
    ]
    assert job["metadata"] == {"campaign": "spring", "user": "u-1"}
    assert job["priority"] == 8
    assert told["created"] == job["timings"]["queued_at"] // 1000
    assert [output["text"] for output in job["outputs"]] == [_said(0), _said(1)]


def test_a_stream_is_the_same_texts_and_ends_as_it_should(client: httpx.Client) -> None:
    body = {**HELLO, "n": 2, "max_tokens": 12, "stream_options": {"include_usage": True}}
    chunks = _streamed(client, CHAT, body)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    for n in range(2):
        mine = [choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == n]
        assert mine[0]["delta"] == {"role": "assistant", "content": ""}
        assert "".join(choice["delta"].get("content", "") for choice in mine) == _said(n)
        assert [choice["finish_reason"] for choice in mine[:-1]] == [None] * (len(mine) - 1)
        assert mine[-1]["finish_reason"] in ("stop", "length")
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 24
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert all("usage" not in chunk for chunk in _streamed(client, CHAT, {**HELLO, "max_tokens": 2}))


def test_texts_go_on_with_one_prompt_or_several(client: httpx.Client) -> None:
    told = client.post(
        TEXT, json={"model": MODEL, "prompt": ["a", "b"], "n": 2, "max_tokens": 3, "seed": 3}
    ).json()
    assert told["object"] == "text_completion"
    assert [choice["text"] for choice in told["choices"]] == [_said(0, 3), _said(1, 3)] * 2
    assert [choice["index"] for choice in told["choices"]] == [0, 1, 2, 3]
    chunks = _streamed(client, TEXT, {"model": MODEL, "prompt": "a", "max_tokens": 5, "seed": 3})
    assert "".join(choice["text"] for chunk in chunks for choice in chunk["choices"]) == _said(0, 5)
    assert chunks[-1]["choices"][0]["finish_reason"] in ("stop", "length")


def test_pictures_come_in_base64_or_by_an_address_that_needs_no_key(
    stack: MiniStack, client: httpx.Client
) -> None:
    body = {"model": "vae-fashion", "prompt": "Two BAGS, not a boot", "n": 2, "size": "56x56"}
    told = client.post(IMAGES, json=body).json()
    assert [base64.b64decode(each["b64_json"])[:8] for each in told["data"]] == [PNG, PNG]
    assert {each["revised_prompt"] for each in told["data"]} == {"bag"}
    told = client.post(IMAGES, json={**body, "response_format": "url"}).json()
    addresses = [each["url"] for each in told["data"]]
    assert len(set(addresses)) == 2
    for address in addresses:
        assert address.startswith(stack.url)
        fetched = httpx.get(address)
        assert fetched.content[:8] == PNG
        assert fetched.headers["content-type"] == "image/png"
    for spoilt in (
        addresses[0][:-1],
        addresses[0][:-3] + "abc",
        f"{stack.url}/signed/x",
        f"{stack.url}/signed/x.y.z",
    ):
        assert httpx.get(spoilt).status_code == 404


# -- what is refused -----------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    (CHAT, {"model": "nobody"}, 404, "model_not_found", "model"),
    (CHAT, {"model": "icons"}, 400, "invalid_value", "messages"),
    (CHAT, {"temperature": 2.5}, 400, "invalid_value", "temperature"),
    (CHAT, {"n": 0}, 400, "invalid_value", "n"),
    (CHAT, {"surprise": 1}, 400, "unknown_parameter", "surprise"),
    (CHAT, {"tools": [{"type": "function"}]}, 400, "unsupported_parameter", "tools"),
    (CHAT, {"messages": []}, 400, "invalid_value", "messages"),
    (CHAT, {"messages": [{"role": "user", "content": ""}]}, 400, "invalid_value", "messages.0.content"),
    (CHAT, {"messages": [{"role": "assistant", "content": "x"}]}, 400, "invalid_value", "messages.0.role"),
    (CHAT, {"messages": [{"role": "tool", "content": "x"}]}, 400, "invalid_value", "messages.0.role"),
    (CHAT, {"stream_options": {"include_usage": True}}, 400, "invalid_value", None),
    (CHAT, {"top_logprobs": 2}, 400, "invalid_value", None),
    (CHAT, {"response_format": {"type": "json_schema"}}, 400, "invalid_value", "response_format"),
    (
        CHAT,
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "moon"}}}},
        400,
        "invalid_value",
        "response_format",
    ),
    (CHAT, {"max_tokens": 4000, "messages": [{"role": "user", "content": "x"}]}, 400, "context_length_exceeded", "max_tokens"),
    (CHAT, {"stop": ["a", "b", "c", "d", "e"]}, 400, "invalid_value", "stop"),
    (TEXT, {"prompt": []}, 400, "invalid_value", None),
    (TEXT, {"prompt": ["a", "b"], "stream": True}, 400, "invalid_value", None),
    (TEXT, {"prompt": "a", "echo": True}, 400, "unsupported_parameter", "echo"),
    (TEXT, {"prompt": "a", "best_of": 3}, 400, "invalid_value", None),
    (IMAGES, {"model": "vae-fashion", "prompt": "a spaceship"}, 400, "invalid_value", "prompt"),
    (IMAGES, {"model": "vae-fashion", "prompt": "a bag", "size": "57x57"}, 400, "invalid_value", "size"),
    (IMAGES, {"model": "vae-fashion", "prompt": "a bag", "size": "huge"}, 400, "invalid_value", "size"),
    (IMAGES, {"model": "icons", "prompt": "a bag", "size": "64x32"}, 400, "invalid_value", "size"),
    (IMAGES, {"model": "mnist-vae", "prompt": "a seven"}, 400, "invalid_value", "model"),
    (IMAGES, {"model": MODEL, "prompt": "a bag"}, 400, "invalid_value", "model"),
    (IMAGES, {"model": "vae-fashion", "prompt": "a bag", "n": 11}, 400, "invalid_value", "n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "said", "status", "code", "named"), WRONG)
def test_what_is_wrong_is_named_in_their_envelope(
    client: httpx.Client, path: str, said: dict[str, Any], status: int, code: str, named: str | None
) -> None:
    body = {**HELLO, **said} if path == CHAT else {"model": MODEL, **said}
    answer = client.post(path, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, named), error
    assert error["type"] == "invalid_request_error"
    assert error["message"].endswith(".")
    assert "Value error" not in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


def test_whoever_may_not_is_told_so(stack: MiniStack) -> None:
    reader = stack.parts.keyring.issue(stack.tenant, "reader", scopes=frozenset({Scope.READ})).token
    for header, status, code, kind in (
        ({}, 401, "invalid_api_key", "authentication_error"),
        ({"Authorization": "Bearer nobody"}, 401, "invalid_api_key", "authentication_error"),
        ({"Authorization": f"Bearer {reader}"}, 403, "scope_missing", "permission_error"),
    ):
        answer = httpx.post(stack.url + CHAT, json=HELLO, headers=header)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["type"]) == (status, code, kind)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", CHAT, b"{", 400),
        ("POST", CHAT, b"[]", 400),
        ("POST", CHAT, b'{"model": "a", "model": "b"}', 400),
        ("POST", CHAT, b"\xff", 400),
        ("GET", CHAT, None, 405),
        ("GET", "/openai/v1/nothing", None, 404),
        ("GET", "/openai/v1/models?surprise=1", None, 400),
    ],
)
def test_what_cannot_be_read_is_told_in_their_envelope(
    client: httpx.Client, method: str, path: str, content: bytes | None, status: int
) -> None:
    headers = {"Content-Type": "application/json"} if content else {}
    answer = client.request(method, path, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "images/edits"),
        ("POST", "audio/speech"),
        ("GET", "fine_tuning/jobs/x"),
        ("DELETE", "vector_stores/x"),
    ],
)
def test_what_has_nothing_behind_it_says_so(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, f"/openai/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_implemented")
    assert answer.headers["x-should-retry"] == "false"


def test_a_full_queue_says_when_to_come_back() -> None:
    with (
        MiniStack(worker=False, max_queued_lane=1) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth) as http,
    ):
        assert http.post("/v1/jobs", json={"model": MODEL, "input": {"prompt": "x"}}).status_code == 202
        answer = http.post(CHAT, json=HELLO)
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(answer.headers["Retry-After"]) >= 1


# -- what does not come to its end ---------------------------------------------------------------------


def _only_job(http: httpx.Client) -> Any:
    (job,) = http.get("/v1/jobs").json()["items"]
    return job


def _until_canceled(http: httpx.Client) -> None:
    until = time.monotonic() + 10
    while _only_job(http)["status"] != "canceled":
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("path", [CHAT, TEXT])
def test_a_wait_that_is_over_cancels_and_is_not_tried_again(path: str) -> None:
    with (
        MiniStack(worker=False, dialect_wait_s=1) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth) as http,
    ):
        answer = http.post(path, json=HELLO if path == CHAT else {"model": MODEL, "prompt": "a"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "not_in_time")
        assert answer.json()["error"]["type"] == "server_error"
        assert answer.headers["x-should-retry"] == "false"
        assert _only_job(http)["status"] in ("canceled", "expired")


@pytest.mark.parametrize("stream", [False, True])
def test_a_job_that_is_canceled_elsewhere_is_an_error(stream: bool) -> None:
    def asked(http: httpx.Client) -> tuple[int, str | None, Any]:
        with http.stream("POST", CHAT, json={**HELLO, "stream": stream, "max_tokens": 100}) as response:
            retry = response.headers.get("x-should-retry")
            told = list(_events(response))[-1] if stream else response.read()
            return response.status_code, retry, json.loads(told)["error"]["code"]

    with (
        MiniStack(step_s=0.2) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as http,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(asked, http)
        until = time.monotonic() + 10
        while not (items := http.get("/v1/jobs").json()["items"]) or items[0]["status"] != "running":
            assert time.monotonic() < until
            time.sleep(0.02)
        http.post(f"/v1/jobs/{items[0]['id']}/cancel")
        expected = (200, None) if stream else (502, "false")
        assert answer.result() == (*expected, "job_canceled")


@pytest.mark.parametrize("stream", [False, True])
def test_whoever_goes_away_cancels_the_job(stream: bool) -> None:
    with MiniStack(worker=False) as stack, httpx.Client(base_url=stack.url, headers=stack.auth) as http:
        body = json.dumps({**HELLO, "stream": stream}).encode()
        host, port = stack.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as line:
            head = (
                f"POST {CHAT} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {stack.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            line.sendall(head.encode() + body)
            until = time.monotonic() + 10
            while not http.get("/v1/jobs").json()["items"]:
                assert time.monotonic() < until
                time.sleep(0.02)
        _until_canceled(http)


def test_a_key_gives_the_same_job_however_often_it_is_sent(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "openai-1"}
    first, again = (
        client.post(CHAT, json={**HELLO, "max_tokens": 3}, headers=headers).json() for _ in range(2)
    )
    assert first == again
    several = {"model": MODEL, "prompt": ["a", "b"], "max_tokens": 3}
    first, again = (
        client.post(TEXT, json=several, headers={"Idempotency-Key": "openai-2"}).json() for _ in range(2)
    )
    assert first == again
