"""Files and batches of OpenAI's dialect: each line for itself, results in one file and errors in another."""

import json
import time
from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import numbers_of, words_of

from pressroom.front.dialects.openai import batches as endpoint

MODEL = "smollm2-135m-instruct"
FILES, BATCHES = "/openai/v1/files", "/openai/v1/batches"
CHAT, TEXT, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"


def _line(custom_id: str, url: str = CHAT, **body: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        CHAT: {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4},
        TEXT: {"prompt": "hi", "max_tokens": 4},
        RESPONSES: {"input": "hi", "max_output_tokens": 4},
    }[url]
    return {
        "custom_id": custom_id,
        "method": "POST",
        "url": url,
        "body": {"model": MODEL, **asked, "seed": 3, **body},
    }


def _sent(client: httpx.Client, *lines: Any) -> str:
    content = b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )
    answer = client.post(FILES, data={"purpose": "batch"}, files={"file": ("requests.jsonl", content)})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["bytes"], told["purpose"], told["object"]) == (len(content), "batch", "file")
    assert client.get(f"{FILES}/{told['id']}").json() == told
    assert client.get(f"{FILES}/{told['id']}/content").content == content
    return str(told["id"])


def _made(client: httpx.Client, *lines: Any, url: str = CHAT, **said: Any) -> Any:
    body = {"input_file_id": _sent(client, *lines), "endpoint": url, "completion_window": "24h", **said}
    answer = client.post(BATCHES, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _ended(client: httpx.Client, batch: Any) -> Any:
    until = time.monotonic() + 20
    while (batch := client.get(f"{BATCHES}/{batch['id']}").json())["status"] in (
        "validating",
        "in_progress",
        "cancelling",
    ):
        assert time.monotonic() < until
        time.sleep(0.02)
    return batch


def _lines(client: httpx.Client, file_id: str | None) -> list[Any]:
    if file_id is None:
        return []
    text = client.get(f"{FILES}/{file_id}/content").text
    assert client.get(f"{FILES}/{file_id}").json()["bytes"] == len(text.encode())
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("url", [CHAT, TEXT, RESPONSES])
def test_lines_become_jobs_and_their_results_a_file(client: httpx.Client, url: str) -> None:
    batch = _made(client, *(_line(f"row-{n}", url) for n in range(5)), url=url, metadata={"run": "7"})
    assert (batch["object"], batch["endpoint"], batch["metadata"]) == ("batch", url, {"run": "7"})
    done = _ended(client, batch)
    assert done["status"] == "completed"
    assert done["request_counts"] == {"total": 5, "completed": 5, "failed": 0}
    assert done["error_file_id"] is None
    lines = _lines(client, done["output_file_id"])
    assert [line["custom_id"] for line in lines] == [f"row-{n}" for n in range(5)]
    for line in lines:
        assert (line["error"], line["response"]["status_code"]) == (None, 200)
        body = line["response"]["body"]
        said = {
            CHAT: lambda body: body["choices"][0]["message"]["content"],
            TEXT: lambda body: body["choices"][0]["text"],
            RESPONSES: lambda body: body["output"][0]["content"][0]["text"],
        }[url](body)
        assert said == "".join(words_of(3, 4))
    assert client.get(f"/v1/batches/{batch['id']}").json()["rows"] == 5
    listed = {each["id"]: each for each in client.get(BATCHES).json()["data"]}
    assert listed[batch["id"]] == done


def test_a_line_that_is_wrong_says_why_and_the_others_go_on(client: httpx.Client) -> None:
    lines: list[tuple[Any, str]] = [
        (_line("good"), ""),
        (b"{no json", "malformed_json"),
        (b'["a list"]', "input_invalid"),
        ({**_line("method"), "method": "GET"}, "input_invalid"),
        (_line("elsewhere", TEXT), "input_invalid"),
        ({**_line("extra"), "surprise": 1}, "input_invalid"),
        (_line("good"), "custom_id_taken"),
        ({**_line("x"), "custom_id": ""}, "input_invalid"),
        (_line("unknown", model="nobody"), "model_unknown"),
        (_line("stream", stream=True), "input_invalid"),
        (_line("tools", tools=[{"type": "function"}]), "input_invalid"),
        (_line("long", max_tokens=4_000), "prompt_too_long"),
        (_line("last"), ""),
    ]
    done = _ended(client, _made(client, *(line for line, _ in lines)))
    assert done["status"] == "completed"
    assert done["request_counts"] == {"total": 13, "completed": 2, "failed": 11}
    assert [line["custom_id"] for line in _lines(client, done["output_file_id"])] == ["good", "last"]
    errors = _lines(client, done["error_file_id"])
    assert [line["error"]["code"] for line in errors] == [code for _, code in lines if code]
    assert all(line["response"] is None for line in errors)
    assert all(line["error"]["message"] for line in errors)


def test_one_is_called_off_and_keeps_what_it_has() -> None:
    with (
        MiniStack(step_s=0.05) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as client,
    ):
        batch = _made(client, *(_line(f"{n}", max_tokens=10) for n in range(8)))
        until = time.monotonic() + 20
        while client.get(f"{BATCHES}/{batch['id']}").json()["request_counts"]["completed"] < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert client.post(f"{BATCHES}/{batch['id']}/cancel").json()["status"] in ("cancelling", "cancelled")
        done = _ended(client, batch)
        assert done["status"] == "cancelled"
        good, bad = _lines(client, done["output_file_id"]), _lines(client, done["error_file_id"])
        assert len(good) >= 2
        assert {line["error"]["code"] for line in bad} == {"batch_cancelled"}
        assert sorted(line["custom_id"] for line in good + bad) == [f"{n}" for n in range(8)]


def test_one_whose_day_is_over_is_ended_when_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        MiniStack(worker=False) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as client,
    ):
        batch = _made(client, _line("a"))
        assert client.get(f"{BATCHES}/{batch['id']}").json()["status"] == "in_progress"
        late = time.time() + 24 * 3_600 + 1
        monkeypatch.setattr(endpoint, "now_s", lambda: late)
        assert client.get(f"{BATCHES}/{batch['id']}").json()["status"] in ("cancelling", "cancelled")


@pytest.mark.parametrize(
    ("said", "code", "named"),
    [
        ({"input_file_id": "file-upl_" + "0" * 32}, "invalid_value", "input_file_id"),
        ({"input_file_id": "x"}, "invalid_value", "input_file_id"),
        ({"endpoint": "/v1/moderations"}, "invalid_value", "endpoint"),
        ({"completion_window": "1h"}, "invalid_value", "completion_window"),
        ({"surprise": 1}, "unknown_parameter", "surprise"),
    ],
)
def test_what_is_wrong_with_a_batch_is_named(client: httpx.Client, said: Any, code: str, named: str) -> None:
    body = {"input_file_id": _sent(client, _line("a")), "endpoint": CHAT, "completion_window": "24h", **said}
    answer = client.post(BATCHES, json=body)
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, named)


def test_a_file_without_lines_makes_no_batch(client: httpx.Client) -> None:
    body = {"input_file_id": _sent(client), "endpoint": CHAT, "completion_window": "24h"}
    assert client.post(BATCHES, json=body).status_code == 400


def test_files_are_for_batches_and_are_deleted(client: httpx.Client) -> None:
    content = {"file": ("a.jsonl", b"{}\n")}
    assert (
        client.post(FILES, data={"purpose": "fine-tune"}, files=content).json()["error"]["param"] == "purpose"
    )
    assert client.post(FILES, data={"purpose": "batch"}).json()["error"]["param"] == "file"
    file_id = _sent(client, _line("a"))
    assert client.delete(f"{FILES}/{file_id}").json() == {"id": file_id, "object": "file", "deleted": True}
    assert client.get(f"{FILES}/{file_id}").status_code == 404
    assert client.get(f"/v1/uploads/{file_id.removeprefix('file-')}").status_code == 404


def test_another_tenants_files_and_batches_are_none(stack: MiniStack, client: httpx.Client) -> None:
    batch = _ended(client, _made(client, _line("a")))
    other = {"Authorization": f"Bearer {stack.parts.keyring.issue('other').token}"}
    for path in (
        f"{FILES}/{batch['input_file_id']}",
        f"{FILES}/{batch['input_file_id']}/content",
        f"{FILES}/{batch['output_file_id']}",
        f"{FILES}/{batch['output_file_id']}/content",
        f"{BATCHES}/{batch['id']}",
    ):
        assert httpx.get(stack.url + path, headers=other).status_code == 404, path
    assert httpx.post(f"{stack.url}{BATCHES}/{batch['id']}/cancel", headers=other).status_code == 404
    body = {"input_file_id": batch["input_file_id"], "endpoint": CHAT, "completion_window": "24h"}
    assert httpx.post(stack.url + BATCHES, json=body, headers=other).status_code == 400
    assert httpx.get(stack.url + BATCHES, headers=other).json()["data"] == []


def test_a_native_batch_is_none_of_theirs(client: httpx.Client) -> None:
    line = json.dumps({"model": MODEL, "input": {"prompt": "x"}}).encode()
    native = client.post(
        "/v1/batches", content=line, headers={"Content-Type": "application/x-ndjson"}
    ).json()["id"]
    assert client.get(f"{BATCHES}/{native}").status_code == 404
    assert native not in {each["id"] for each in client.get(BATCHES).json()["data"]}


def test_rows_may_ask_for_vectors(client: httpx.Client) -> None:
    vectors = "/v1/embeddings"
    bodies: dict[str, dict[str, Any]] = {
        "one": {"input": "a lamp"},
        "two": {"input": ["a lamp", "a desk"]},
        "empty": {"input": " "},
        "packed": {"input": "a", "encoding_format": "base64"},
        "shorter": {"input": "a", "dimensions": 8},
        "tokens": {"input": [1, 2]},
        "writer": {"input": "a", "model": MODEL},
    }
    lines = [
        {"custom_id": name, "method": "POST", "url": vectors, "body": {"model": "all-minilm-l6-v2", **body}}
        for name, body in bodies.items()
    ]
    done = _ended(client, _made(client, *lines, url=vectors))
    told = _lines(client, done["output_file_id"])
    assert [(line["custom_id"], len(line["response"]["body"]["data"])) for line in told] == [
        ("one", 1),
        ("two", 2),
    ]
    first = told[0]["response"]["body"]["data"][0]
    assert (first["index"], first["embedding"]) == (0, numbers_of("a lamp", 384))
    errors = {line["custom_id"]: line["error"]["code"] for line in _lines(client, done["error_file_id"])}
    assert errors == dict.fromkeys(["empty", "packed", "shorter", "tokens", "writer"], "input_invalid")
    size = client.get(f"{FILES}/{done['output_file_id']}").json()["bytes"]
    assert size == len(client.get(f"{FILES}/{done['output_file_id']}/content").content)
