"""Embeddings and moderations of OpenAI's dialect: numbers of each text, and what is refused how."""

import base64
import struct
from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import MOST_READ, numbers_of

MODEL, TEXT_MODEL = "all-minilm-l6-v2", "smollm2-135m-instruct"
EMBEDDINGS, MODERATIONS = "/openai/v1/embeddings", "/openai/v1/moderations"
DIMENSIONS = 384


def _embedded(client: httpx.Client, given: Any, **more: Any) -> Any:
    answer = client.post(EMBEDDINGS, json={"model": MODEL, "input": given, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _moderated(client: httpx.Client, given: Any, **more: Any) -> Any:
    answer = client.post(MODERATIONS, json={"input": given, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_text_gets_its_vector_in_its_place(client: httpx.Client) -> None:
    told = _embedded(client, ["a lamp", "a desk", "a lamp"])
    assert told["object"] == "list"
    assert [each["index"] for each in told["data"]] == [0, 1, 2]
    assert [each["embedding"] for each in told["data"]] == [
        numbers_of(text, DIMENSIONS) for text in ("a lamp", "a desk", "a lamp")
    ]
    assert (told["model"], told["usage"]) == (MODEL, {"prompt_tokens": 6, "total_tokens": 6})


def test_one_text_and_base64_are_what_their_clients_send(client: httpx.Client) -> None:
    (told,) = _embedded(client, "a lamp", encoding_format="base64", dimensions=DIMENSIONS, user="u")["data"]
    content = base64.b64decode(told["embedding"])
    assert list(struct.unpack(f"<{DIMENSIONS}f", content)) == numbers_of("a lamp", DIMENSIONS)


def test_an_embedding_is_a_job_like_any_other(client: httpx.Client) -> None:
    _embedded(client, ["a lamp"], user="u-7")
    job = client.get("/v1/jobs", params={"limit": 1}).json()["items"][0]
    assert (job["kind"], job["input"]["texts"], job["seed"]) == ("embedding", ["a lamp"], None)
    assert job["metadata"] == {"user": "u-7"}
    numbers = client.get(job["outputs"][0]["url"]).json()
    assert numbers == {"rows": [numbers_of("a lamp", DIMENSIONS)]}
    prediction = client.get(f"/replicate/v1/predictions/{job['id']}").json()
    assert prediction["input"]["texts"] == ["a lamp"]
    assert prediction["status"] == "succeeded"
    cards = client.get("/v1/models").json()["items"]
    card = next(each for each in cards if each["name"] == MODEL)
    assert (card["kind"], card["dimensions"], card["context"]) == ("embedding", DIMENSIONS, 256)


def test_the_native_way_and_the_other_dialect_make_the_same_job(client: httpx.Client) -> None:
    wait = {"Prefer": "wait=30"}
    native = client.post("/v1/jobs", json={"model": MODEL, "input": {"texts": ["a lamp"]}}, headers=wait)
    assert native.json()["status"] == "succeeded", native.text
    made = client.post(
        f"/replicate/v1/models/pressroom/{MODEL}/predictions",
        json={"input": {"texts": ["a lamp"]}},
        headers=wait,
    ).json()
    assert made["status"] == "succeeded"
    schema = client.get(f"/replicate/v1/models/pressroom/{MODEL}").json()
    named = schema["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]["properties"]
    assert {"texts", "cut"} == set(named)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"input": [[1, 2, 3]]}, "invalid_value", "input"),
        ({"input": [1, 2, 3]}, "invalid_value", "input"),
        ({"input": ""}, "invalid_value", None),
        ({"input": []}, "invalid_value", None),
        ({"input": ["a", "  "]}, "invalid_value", "input.1"),
        ({"input": ["a"] * 2_049}, "invalid_value", None),
        ({"input": "a", "dimensions": 256}, "invalid_value", "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "invalid_value", "encoding_format"),
        ({"input": "a", "surprise": 1}, "unknown_parameter", "surprise"),
        ({"input": "a", "model": "nobody"}, "model_not_found", "model"),
        ({"input": "a", "model": TEXT_MODEL}, "invalid_value", "model"),
        ({}, "invalid_value", "input"),
    ],
)
def test_what_is_wrong_with_an_embedding_is_named(
    client: httpx.Client, body: dict[str, Any], code: str, param: str | None
) -> None:
    answer = client.post(EMBEDDINGS, json={"model": MODEL, **body})
    assert answer.status_code in (400, 404), answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["code"] == code
    if param is not None:
        assert error["param"] == param


def test_a_text_that_is_too_long_is_the_askers_fault_and_may_be_cut(client: httpx.Client) -> None:
    long = "word " * (MOST_READ + 1)
    answer = client.post(EMBEDDINGS, json={"model": MODEL, "input": ["short", long]})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert len(_embedded(client, ["short", long], cut=True)["data"]) == 2


# -- moderations ---------------------------------------------------------------------------------------


def test_a_moderation_tells_what_was_found_and_what_nobody_looked_for(client: httpx.Client) -> None:
    told = _moderated(client, ["a damn lamp", "a lamp"])
    assert told["model"] == "profanity"
    assert told["id"].startswith("modr-job_")
    bad, good = told["results"]
    assert (bad["flagged"], good["flagged"]) == (True, False)
    assert (bad["categories"]["profanity"], good["categories"]["profanity"]) == (True, False)
    assert (bad["category_scores"]["profanity"], good["category_scores"]["profanity"]) == (0.9, 0.1)
    assert bad["category_applied_input_types"]["profanity"] == ["text"]
    for result in (bad, good):
        assert result["categories"]["violence"] is None
        assert result["category_scores"]["sexual/minors"] is None
        assert result["category_applied_input_types"]["violence"] == []


def test_the_tenants_own_words_are_part_of_the_chain() -> None:
    with (
        MiniStack() as stack,
        httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as client,
    ):
        for name, category, words in (
            ("rivals", "competitors", ["Globex"]),
            ("arms", "violence", ["knife set"]),
        ):
            body = {"category": category, "words": words}
            assert client.put(f"/v1/word-lists/{name}", json=body).status_code == 200
        fine, rival, both = _moderated(client, ["a lamp", "better than GLOBEX", "globex knife set"])[
            "results"
        ]
        assert fine["categories"]["violence"] is False, "somebody looks for it now"
        assert not fine["flagged"]
        assert fine["matches"] == []
        assert rival["categories"] | {"competitors": True} == rival["categories"]
        assert rival["matches"] == [{"list": "rivals", "category": "competitors", "word": "Globex"}]
        assert both["category_scores"] | {"competitors": 1.0, "violence": 1.0} == both["category_scores"]
        assert {each["list"] for each in both["matches"]} == {"arms", "rivals"}
        assert client.delete("/v1/word-lists/rivals").status_code == 204
        (rival,) = _moderated(client, "better than GLOBEX")["results"]
        assert not rival["flagged"]
        assert "competitors" not in rival["categories"]


def test_parts_are_moderated_as_one(client: httpx.Client) -> None:
    parts = [{"type": "text", "text": "a lamp"}, {"type": "text", "text": "damn"}]
    (result,) = _moderated(client, parts, model="profanity")["results"]
    assert result["flagged"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"input": [{"type": "image_url", "image_url": {"url": "x"}}]}, 501, "not_implemented"),
        ({"input": [{"type": "text", "text": "a"}, {"type": "image_url"}]}, 501, "not_implemented"),
        ({"input": "a", "model": "omni-moderation-latest"}, 404, "model_not_found"),
        ({"input": "a", "model": MODEL}, 400, "invalid_value"),
        ({"input": " "}, 400, "invalid_value"),
        ({"input": []}, 400, "invalid_value"),
        ({"input": [{"type": "text"}]}, 400, "invalid_value"),
        ({"input": "a", "surprise": 1}, 400, "unknown_parameter"),
    ],
)
def test_what_is_wrong_with_a_moderation_is_named(
    client: httpx.Client, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(MODERATIONS, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
