"""``/openai/v1/responses``: as it is made, looked at, gone on from, canceled and deleted; and what is refused."""

import json
import time
from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import words_of

MODEL = "smollm2-135m-instruct"
RESPONSES = "/openai/v1/responses"
HELLO: dict[str, Any] = {"model": MODEL, "input": "hello", "seed": 3, "max_output_tokens": 12}
TEXT = "".join(words_of(3, 12))


def _made(client: httpx.Client, **said: Any) -> Any:
    answer = client.post(RESPONSES, json={**HELLO, **said})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _streamed(response: httpx.Response) -> list[Any]:
    told, name = [], ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            told.append(json.loads(line.removeprefix("data: ")))
            assert told[-1]["type"] == name
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    return told


def test_a_response_is_a_job_like_any_other(client: httpx.Client) -> None:
    said = [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
    ]
    told = _made(
        client, input=said, instructions="Be short.", metadata={"a": "b"}, user="u", service_tier="flex"
    )
    assert told["object"] == "response"
    assert told["status"] in ("completed", "incomplete")
    assert told["output"][0]["content"][0]["text"] == TEXT
    assert told["instructions"] == "Be short."
    assert told["metadata"] == {"a": "b"}
    assert told["user"] == "u"
    usage = told["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    job = client.get(f"/v1/jobs/{told['id'].removeprefix('resp_')}").json()
    assert [each["role"] for each in job["input"]["messages"]] == ["system", "system", "user"]
    assert job["priority"] == 2
    again = client.get(f"{RESPONSES}/{told['id']}").json()
    assert again["output"] == told["output"]
    items = client.get(f"{RESPONSES}/{told['id']}/input_items").json()
    assert [item["content"][0]["text"] for item in items["data"]] == ["hello", "Be kind.", "Be short."]


@pytest.mark.parametrize("later", [False, True])
def test_a_stream_tells_it_from_its_beginning_to_its_end(client: httpx.Client, later: bool) -> None:
    if later:
        path = f"{RESPONSES}/{_made(client)['id']}?stream=true"
        with client.stream("GET", path) as response:
            told = _streamed(response)
    else:
        with client.stream("POST", RESPONSES, json={**HELLO, "stream": True}) as response:
            told = _streamed(response)
    kinds = [each["type"] for each in told]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert set(kinds[4:-4]) == {"response.output_text.delta"}
    assert kinds[-4:-1] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ]
    assert kinds[-1] in ("response.completed", "response.incomplete")
    assert "".join(each["delta"] for each in told[4:-4]) == told[-4]["text"] == TEXT
    assert told[-1]["response"]["output"][0] == told[-2]["item"]


def test_one_goes_on_from_another_without_its_instructions(client: httpx.Client) -> None:
    first = _made(client, instructions="Be short.")
    second = _made(client, input="more", previous_response_id=first["id"])
    messages = client.get(f"/v1/jobs/{second['id'].removeprefix('resp_')}").json()["input"]["messages"]
    assert messages == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": "more"},
    ]


def test_the_background_waits_for_nobody_and_can_be_called_off() -> None:
    with MiniStack(worker=False) as stack, httpx.Client(base_url=stack.url, headers=stack.auth) as client:
        told = _made(client, background=True)
        assert (told["status"], told["background"], told["output"]) == ("queued", True, [])
        assert client.get(f"{RESPONSES}/{told['id']}").json()["status"] == "queued"
        assert client.post(f"{RESPONSES}/{told['id']}/cancel").json()["status"] == "cancelled"
        with client.stream("POST", RESPONSES, json={**HELLO, "background": True, "stream": True}) as response:
            assert next(response.iter_lines()) == "event: response.created"
        time.sleep(1.2)  # a client that goes away is seen twice a second
        job = client.get("/v1/jobs").json()["items"][0]
        assert job["status"] == "queued"


def test_what_is_deleted_is_gone_and_what_is_not_stored_is_not_kept(client: httpx.Client) -> None:
    told = _made(client, store=False)
    job = client.get(f"/v1/jobs/{told['id'].removeprefix('resp_')}").json()
    assert job["expires_at"] - job["timings"]["finished_at"] <= 60_000
    assert client.delete(f"{RESPONSES}/{told['id']}").json()["deleted"]
    gone = client.get(f"{RESPONSES}/{told['id']}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "job_erased")


def test_a_form_is_followed(client: httpx.Client) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = {"type": "json_schema", "name": "x", "schema": schema, "strict": True}
    told = _made(client, text={"format": form})
    assert told["text"]["format"]["schema"] == schema
    job = client.get(f"/v1/jobs/{told['id'].removeprefix('resp_')}").json()
    assert job["params"]["guide"]["schema"] == schema


WRONG: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"input": ""}, 400, "invalid_value", "input"),
    ({"input": []}, 400, "invalid_value", "input"),
    ({"input": [{"role": "user", "content": ""}]}, 400, "invalid_value", "input.0.content"),
    ({"tools": [{"type": "web_search"}]}, 400, "unsupported_parameter", "tools"),
    ({"surprise": 1}, 400, "unknown_parameter", "surprise"),
    ({"previous_response_id": "resp_x"}, 400, "invalid_value", "previous_response_id"),
    ({"previous_response_id": "chat_x"}, 400, "invalid_value", "previous_response_id"),
    ({"text": {"format": {"type": "json_schema", "name": "x"}}}, 400, "invalid_value", "text.format.schema"),
    ({"model": "nobody"}, 404, "model_not_found", "model"),
    ({"max_output_tokens": 0}, 400, "invalid_value", "max_output_tokens"),
    ({"max_output_tokens": 4_000}, 400, "context_length_exceeded", "max_output_tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "status", "code", "named"), WRONG)
def test_what_is_wrong_is_named(
    client: httpx.Client, said: dict[str, Any], status: int, code: str, named: str | None
) -> None:
    answer = client.post(RESPONSES, json={**HELLO, **said})
    error = answer.json()["error"]
    assert answer.status_code == status
    assert error["code"] == code
    assert named is None or str(error["param"]).startswith(named), error


def test_another_tenants_response_is_none(stack: MiniStack, client: httpx.Client) -> None:
    told = _made(client)
    other = {"Authorization": f"Bearer {stack.parts.keyring.issue('other').token}"}
    path = f"{stack.url}{RESPONSES}/{told['id']}"
    for answer in (
        httpx.get(path, headers=other),
        httpx.get(f"{path}?stream=true", headers=other),
        httpx.get(f"{path}/input_items", headers=other),
        httpx.post(f"{path}/cancel", headers=other),
        httpx.delete(path, headers=other),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_unknown")
    picture = client.post("/v1/jobs", json={"model": "vae-fashion"}).json()["id"]
    assert client.get(f"{RESPONSES}/resp_{picture}").status_code == 404
