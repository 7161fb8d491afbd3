"""Jobs that read: what the native API takes and tells of embeddings and moderations."""

from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.mini_worker import numbers_of

from pressroom.client import Client, JobFailed

MODEL, WRITER, PAINTER = "all-minilm-l6-v2", "smollm2-135m-instruct", "vae-fashion"
TEXTS = ["a lamp", "a desk"]


def _posted(client: httpx.Client, body: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post("/v1/jobs", json={"model": MODEL, "input": {"texts": TEXTS}, **body}, headers=headers)


def test_a_reading_ends_with_one_file_of_numbers(client: httpx.Client) -> None:
    job = _posted(client, {}, Prefer="wait=30").json()
    assert (job["status"], job["kind"], job["params"]) == ("succeeded", "embedding", {"cut": False})
    (output,) = job["outputs"]
    assert (output["media_type"], output["finish_reason"], output["text"]) == (
        "application/json",
        "done",
        None,
    )
    answer = client.get(output["url"])
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"rows": [numbers_of(text, 384) for text in TEXTS]}
    assert job["usage"]["tokens_in"] == 4


def test_the_projects_own_client_fetches_it(stack: MiniStack) -> None:
    with Client(stack.url, stack.key) as press:
        job = press.wait(press.submit({"model": "profanity", "input": {"texts": ["a damn lamp"]}}).id, 30)
        assert job.seed is None
        assert press.output(job, 0) == b'{"rows": [[0.9]]}'
        assert press.embed(TEXTS) == [numbers_of(text, 384) for text in TEXTS]
        with pytest.raises(JobFailed):
            press.embed(["word " * 300])
        assert len(press.embed(["word " * 300], cut=True)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": {}}, "input.texts"),
        ({"input": {"prompt": "a lamp"}}, "input.prompt"),
        ({"input": {"texts": TEXTS, "prompt": "a lamp"}}, "input.prompt"),
        ({"input": {"texts": TEXTS, "pictures": [{"base64": "AAAA"}]}}, "input.pictures"),
        ({"input": {"texts": []}}, "input.texts"),
        ({"input": {"texts": ["a", ""]}}, "input.texts.1"),
        ({"input": {"texts": ["a", " \n"]}}, "input.texts.1"),
        ({"input": {"texts": ["a"] * 2_049}}, "input.texts"),
        ({"input": {"texts": "a"}}, "input.texts"),
        ({"params": {"seed": 1}}, "params.seed"),
        ({"params": {"cut": "yes"}}, "params.cut"),
        ({"model": WRITER}, "input.texts"),
        ({"model": WRITER, "input": {"texts": TEXTS, "prompt": "x"}}, "input.texts"),
        ({"model": PAINTER}, "input.texts"),
    ],
)
def test_what_is_wrong_with_a_reading_is_named(
    client: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = _posted(client, body)
    assert answer.status_code == 422, answer.text
    assert (answer.json()["code"], answer.json()["field"]) == ("input_invalid", field)


def test_a_budget_holds_the_most_that_is_read_and_pays_for_what_was(client: httpx.Client) -> None:
    client.put("/v1/budgets/spring", json={"tokens": 20}).raise_for_status()
    # Each text has at most as many tokens as characters, and two marks.
    answer = _posted(client, {"campaign": "spring", "input": {"texts": ["a lamp of oak", "a desk"]}})
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_spent")
    done = _posted(client, {"campaign": "spring"}, Prefer="wait=30").json()
    assert done["status"] == "succeeded"
    budget = client.get("/v1/budgets/spring").json()
    assert (budget["held_tokens"], budget["spent_tokens"]) == (0, 4)


def test_a_quote_of_a_reading_says_what_it_may_cost(client: httpx.Client) -> None:
    quote = client.post("/v1/jobs?dry_run=true", json={"model": MODEL, "input": {"texts": TEXTS}})
    assert quote.status_code == 200, quote.text
    told = quote.json()
    assert told["tokens"] == {"read": 16, "written_most": 0, "written_expected": 0}
    assert told["pictures"] is None


def test_a_key_finds_it(client: httpx.Client) -> None:
    first = _posted(client, {}, **{"Idempotency-Key": "order-9"})
    again = _posted(client, {}, **{"Idempotency-Key": "order-9"})
    assert first.json()["id"] == again.json()["id"]
    other = _posted(client, {"input": {"texts": ["b"]}}, **{"Idempotency-Key": "order-9"})
    assert other.json()["code"] == "idempotency_key_reused"


def test_rows_of_a_batch_may_read(client: httpx.Client) -> None:
    rows = b'{"model": "all-minilm-l6-v2", "input": {"texts": ["a"]}}\n{"model": "profanity", "input": {}}\n'
    answer = client.post("/v1/batches", content=rows, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 202, answer.text
    counts = answer.json()["counts"]
    assert (counts["refused"], answer.json()["rows"]) == (1, 2)
