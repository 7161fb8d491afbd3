"""Embeddings and moderations by the real models in real processes, beside a text that is being written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.acceptance.press import Press, press

pytestmark = [pytest.mark.redis, pytest.mark.model, pytest.mark.timeout(180)]

GOLDEN = Path(__file__).parents[2] / "model_zoo" / "all-minilm-l6-v2" / "golden.npz"
MODEL = "all-minilm-l6-v2"


@pytest.fixture
def whole(
    text_model: Path, embedding_model: Path, sqlite_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Press]:
    assert embedding_model.parent == text_model.parent
    with press(sqlite_url, redis_url, tmp_path, engine="real", models_dir=str(text_model.parent)) as made:
        made.front()
        made.processes.worker()
        yield made


def _vectors(whole: Press, *texts: str) -> NDArray[Any]:
    body = {"model": MODEL, "input": list(texts)}
    answer = whole.http().post("/openai/v1/embeddings", json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    return np.array([each["embedding"] for each in answer.json()["data"]])


def test_vectors_are_the_originals_while_a_text_is_written(whole: Press) -> None:
    writing = whole.post_text("Write about a lamp.", max_tokens=200, min_tokens=200)
    with np.load(GOLDEN) as golden:
        texts, expected = golden["texts"].tolist(), golden["reader/out/vectors"]
    found = _vectors(whole, *texts)
    cosines = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1)
    assert cosines.min() > 0.99999
    # What means the same is near, whatever its words.
    lamp, light, revenue = found[0], found[1], found[2]
    assert lamp @ light > 2 * max(lamp @ revenue, 0.05)
    job = whole.client().wait(writing, 120)
    assert (job.status, job.usage.tokens_out) == ("succeeded", 200)


def test_a_moderation_is_a_chain_of_lists_and_a_model(whole: Press) -> None:
    http = whole.http()
    body = {"category": "competitors", "words": ["Globex"]}
    assert http.put("/v1/word-lists/rivals", json=body).status_code == 200
    texts = ["A warm oak lamp.", "You are a fucking idiot.", "Better than Globex."]
    answer = http.post("/openai/v1/moderations", json={"input": texts}, timeout=60)
    assert answer.status_code == 200, answer.text
    verdicts = [
        (each["categories"]["profanity"], each["categories"]["competitors"])
        for each in answer.json()["results"]
    ]
    assert verdicts == [(False, False), (True, False), (False, True)]


def test_a_text_that_is_too_long_is_told_by_the_worker(whole: Press) -> None:
    body: dict[str, Any] = {"model": MODEL, "input": ["lamp", "lamp " * 300]}
    answer = whole.http().post("/openai/v1/embeddings", json=body, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")
    assert "input.texts.1" in answer.json()["error"]["message"]
    body["cut"] = True
    assert whole.http().post("/openai/v1/embeddings", json=body, timeout=60).status_code == 200
