"""Replicate's dialect over HTTP: predictions as jobs like any other, and what is refused how."""

import base64
import io
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.support.front import Front
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import words_of

MODEL = "smollm2-135m-instruct"
REF = f"pressroom/{MODEL}"
BASE = "/replicate/v1"
MINE = f"{BASE}/models/{REF}/predictions"
GIVEN: dict[str, Any] = {"prompt": "hello", "seed": 3, "max_tokens": 12}
TEXT = "".join(words_of(3, 12))


def _png(side: int = 28) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(buffer, "PNG")
    return buffer.getvalue()


def _uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _made(client: httpx.Client, path: str = MINE, wait: str = "wait", **said: Any) -> Any:
    answer = client.post(path, json={"input": GIVEN, **said}, headers={"Prefer": wait} if wait else {})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_prediction_is_a_job_like_any_other(stack: MiniStack, client: httpx.Client) -> None:
    told = _made(client)
    job = client.get(f"/v1/jobs/{told['id']}").json()
    assert told["status"] == "succeeded"
    assert told["output"] == [TEXT] == [job["outputs"][0]["text"]]
    assert told["version"] == job["model"]["sha256"]
    assert (told["error"], told["logs"]) == (None, "")
    assert told["urls"]["get"] == f"{stack.url}{BASE}/predictions/{told['id']}"
    for name in ("created_at", "started_at", "completed_at"):
        assert told[name].endswith("Z")
    assert told["metrics"]["total_time"] >= 0
    seen = client.get(f"{BASE}/predictions/{told['id']}").json()
    assert seen == told
    assert told["id"] in {each["id"] for each in client.get(f"{BASE}/predictions").json()["results"]}


@pytest.mark.parametrize("reference", [REF, MODEL, f"{REF}:HASH", "HASH"])
def test_a_version_is_named_in_many_ways(client: httpx.Client, reference: str) -> None:
    version = client.get(f"{BASE}/models/{REF}").json()["latest_version"]["id"]
    told = _made(client, f"{BASE}/predictions", version=reference.replace("HASH", version))
    assert (told["version"], told["output"]) == (version, [TEXT])


def test_a_wait_that_lapses_looks_as_if_nothing_had_begun() -> None:
    """Their client takes `processing` for an end without output."""
    with (
        MiniStack(step_s=0.1) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as client,
    ):
        told = _made(client, wait="wait=1", input={**GIVEN, "max_tokens": 60})
        assert (told["status"], told["output"]) == ("starting", None)
        assert client.get(f"{BASE}/predictions/{told['id']}").json()["status"] == "processing"
        canceled = client.post(f"{BASE}/predictions/{told['id']}/cancel").json()
        assert canceled["status"] == "canceled"


def test_a_stream_has_an_id_for_each_event_and_ends(client: httpx.Client) -> None:
    told = _made(client, wait="")
    with client.stream("GET", told["urls"]["stream"]) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        blocks = [
            block.split("\n") for block in response.read().decode().split("\n\n") if block.startswith("id: ")
        ]
    assert [block[0] for block in blocks] == [f"id: {n}" for n in range(1, len(blocks) + 1)]
    said = [
        line.removeprefix("data: ") for block in blocks[:-1] for line in block if line.startswith("data: ")
    ]
    assert "".join(said) == TEXT
    assert blocks[-1][1:] == ["event: done", "data: {}"]
    several = _made(client, wait="", input={**GIVEN, "n": 2})
    assert "stream" not in several["urls"]
    assert client.get(f"{BASE}/predictions/{several['id']}/stream").status_code == 404


def test_pictures_go_in_and_out(client: httpx.Client) -> None:
    sent = client.post(f"{BASE}/files", files={"content": ("boot.png", _png(), "image/png")})
    assert sent.status_code == 201
    file = sent.json()
    assert file["name"] == "boot.png"
    assert client.get(file["urls"]["get"]).json()["checksums"] == file["checksums"]
    for image in (file["urls"]["get"], _uri(_png())):
        told = _made(client, f"{BASE}/models/pressroom/vae-fashion/predictions",
                     input={"operation": "variation", "image": image, "strength": 0.2})  # fmt: skip
        (output,) = told["output"]
        assert base64.b64decode(output.removeprefix("data:image/png;base64,"))[:4] == b"\x89PNG"
    assert client.delete(f"{BASE}/files/{file['id']}").status_code == 204
    assert client.get(f"{BASE}/files/{file['id']}").status_code == 404


def test_over_tls_outputs_are_addresses(tmp_path: Path) -> None:
    front = Front(tmp_path)
    headers = {"Authorization": f"Bearer {front.key}"}
    posted = front.client.post(
        f"{BASE}/models/x/painter/predictions", json={"input": {"label": "boot"}}, headers=headers
    )
    front.worker.turn()
    path = f"{BASE}/predictions/{posted.get_json()['id']}"
    seen = front.client.get(path, headers=headers, base_url="https://press.example").get_json()
    (address,) = seen["output"]
    assert address.startswith("https://press.example/signed/")
    assert front.client.get(address.removeprefix("https://press.example")).data[:4] == b"\x89PNG"
    front.parts.follower.stop()


WRONG: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    (MINE, {"input": {"surprise": 1, **GIVEN}}, 422, "input_invalid", "params.surprise"),
    (MINE, {"input": {}}, 422, "input_invalid", "input"),
    (MINE, {"input": {"prompt": 3}}, 422, "input_invalid", "input.prompt"),
    (MINE, {"input": {"system_prompt": "x"}}, 422, "input_invalid", "input.messages"),
    (MINE, {"input": {**GIVEN, "temperature": 9}}, 422, "input_invalid", "params.temperature"),
    (MINE, {"surprise": 1}, 422, "input_invalid", "surprise"),
    (MINE, {"webhook": "http://a.example"}, 422, "url_not_allowed", "webhook.url"),
    (MINE, {"webhook": "https://127.0.0.1"}, 422, "address_not_public", "webhook.url"),
    (
        MINE,
        {"webhook": "https://a.example", "webhook_events_filter": ["start"]},
        422,
        "input_invalid",
        "webhook_events_filter",
    ),
    (f"{BASE}/predictions", {}, 422, "input_invalid", "version"),
    (f"{BASE}/predictions", {"version": "0" * 64}, 404, "model_unknown", "version"),
    (f"{BASE}/models/pressroom/nobody/predictions", {}, 404, "model_unknown", "model"),
    (
        f"{BASE}/models/x/vae-fashion/predictions",
        {"input": {"image": 3}},
        422,
        "input_invalid",
        "input.image",
    ),
    (
        f"{BASE}/models/x/vae-fashion/predictions",
        {"input": {"operation": "variation", "image": "data:image/png;base64,!!!!"}},
        422,
        "input_invalid",
        "input.pictures",
    ),
    (
        f"{BASE}/models/x/vae-fashion/predictions",
        {"input": {"operation": "variation", "image": "http://127.0.0.1/x.png"}},
        422,
        "url_not_allowed",
        "input.pictures",
    ),
]


@pytest.mark.parametrize(("path", "said", "status", "code", "named"), WRONG)
def test_what_is_wrong_is_a_problem(
    client: httpx.Client, path: str, said: dict[str, Any], status: int, code: str, named: str | None
) -> None:
    answer = client.post(path, json={"input": GIVEN, **said})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert str(problem["field"]).startswith(str(named)), problem
    assert {"title", "detail", "status"} <= set(problem)


def test_what_is_no_picture_is_no_file(client: httpx.Client) -> None:
    for sent in (
        {"content": ("a.png", b"not a picture", "image/png")},
        {"other": ("a.png", _png(), "image/png")},
    ):
        answer = client.post(f"{BASE}/files", files=sent)
        assert answer.status_code == 422
        assert answer.json()["detail"]


def test_another_tenants_prediction_is_none(stack: MiniStack, client: httpx.Client) -> None:
    told = _made(client)
    other = {"Authorization": f"Bearer {stack.parts.keyring.issue('other').token}"}
    path = f"{stack.url}{BASE}/predictions/{told['id']}"
    for answer in (
        httpx.get(path, headers=other),
        httpx.get(f"{path}/stream", headers=other),
        httpx.post(f"{path}/cancel", headers=other),
    ):
        assert answer.status_code == 404
    assert httpx.get(f"{stack.url}{BASE}/predictions", headers=other).json()["results"] == []
    assert httpx.get(f"{stack.url}{BASE}/account", headers=other).json()["username"] == "other"


def test_lists_have_pages() -> None:
    with (
        MiniStack(worker=False) as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth, timeout=60) as client,
    ):
        for _ in range(103):
            client.post("/v1/jobs", json={"model": MODEL, "input": {"prompt": "x"}})
        first = client.get(f"{BASE}/predictions").json()
        second = client.get(first["next"]).json()
        seen = {each["id"] for each in first["results"] + second["results"]}
        assert (len(first["results"]), len(seen), second["next"]) == (100, 103, None)


def test_while_nobody_waits_it_is_made_all_the_same(client: httpx.Client) -> None:
    told = _made(client, wait="")
    until = time.monotonic() + 10
    while (seen := client.get(told["urls"]["get"]).json())["status"] != "succeeded":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert seen["output"] == [TEXT]


def test_who_is_told_of_a_prediction_is_told_as_theirs_are(stack: MiniStack, client: httpx.Client) -> None:
    """Signed with the secret that their clients ask for, and without the output."""
    said: dict[str, Any] = {
        "webhook": "https://hooks.example.com/in",
        "webhook_events_filter": ["completed", "logs"],
    }
    told = _made(client, **said)
    (delivery,) = (
        each for each in client.get("/v1/webhooks/deliveries").json()["items"] if each["job_id"] == told["id"]
    )
    body = json.loads(client.get(f"/v1/webhooks/deliveries/{delivery['id']}").json()["body"])
    assert (body["id"], body["status"], body["version"]) == (told["id"], "succeeded", told["version"])
    assert body["urls"]["get"] == told["urls"]["get"]
    assert "output" not in body
    key = client.get(f"{BASE}/webhooks/default/secret").json()["key"]
    assert key == client.get("/v1/webhooks/secret").json()["secret"]
    assert key.startswith("whsec_")
