"""Copy by template with the real model in real processes: facts stand in it letter by letter, and nothing is made up in numbers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.press import Press, press

from pressroom.catalog.templates import VERSION, shipped_templates
from pressroom.client import best
from pressroom.domain.copy.channels import CHANNELS

pytestmark = [pytest.mark.redis, pytest.mark.model, pytest.mark.timeout(180)]

LAMP = {
    "title": "Oslo Floor Lamp",
    "material": "oak and linen",
    "colour": "natural; black",
    "size": "120 cm",
    "use": "reading",
    "features": "a dimmer",
}


@pytest.fixture
def whole(text_model: Path, sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    with press(sqlite_url, redis_url, tmp_path, engine="real", models_dir=str(text_model.parent)) as made:
        made.front()
        made.processes.worker()
        yield made


def _facts(template: str) -> dict[str, str]:
    """Of the lamp what the template asks for, and a line for whatever else it needs."""
    variables = shipped_templates()[template].variables
    known: dict[str, str] = {**LAMP, "subject": "New lamps", "link": "https://example.com/oslo"}
    return {each.name: known.get(each.name, "The Oslo Floor Lamp is here.") for each in variables}


def test_every_english_template_is_followed_and_keeps_its_channel(whole: Press) -> None:
    client = whole.client()
    names = [name for name, asked in shipped_templates().items() if asked.locale == "en"]
    jobs = {
        name: client.submit(
            {
                "model": "smollm2-135m-instruct",
                "input": {"writing": {"template": name, "facts": _facts(name)}},
                "params": {"n": 2, "seed": 3},
            }
        )
        for name in names
    }
    for name, posted in jobs.items():
        job = client.wait(posted.id, 120)
        assert job.status == "succeeded", (name, job.error)
        channel = CHANNELS[shipped_templates()[name].channel]
        stored: Any = job.input.writing
        fast = " ".join(part.text for part in job.params.guide.parts if hasattr(part, "text"))  # type: ignore[union-attr]
        for output in job.outputs:
            text = output.text or ""
            assert output.review is not None
            assert channel.fits(text), (name, text)
            assert set(re.findall(r"\d+", text)) <= set(re.findall(r"\d+", fast)), (name, text)
            assert all(each.text in text for each in job.params.guide.parts if hasattr(each, "text")), name  # type: ignore[union-attr]
        assert best(job).review.rank == 1  # type: ignore[union-attr]
        assert stored.template == f"{name}@{VERSION}"


def test_a_voice_is_heard_and_what_it_avoids_is_not_said(whole: Press) -> None:
    http, client = whole.http(), whole.client()
    avoid = ["is", "designed", "special", "perfect", "great", "beautiful"]
    assert (
        http.put("/v1/voices/house", json={"locale": "en", "tone": "dry", "avoid": avoid}).status_code == 200
    )
    job = client.write("product-description", LAMP, voice="house", n=4, seed=1, timeout_s=120)
    for output in job.outputs:
        for word in avoid:
            assert not re.search(rf"\b{word}\b", output.text or "", re.IGNORECASE), output.text


def test_a_model_is_not_asked_for_a_language_that_it_does_not_speak(whole: Press) -> None:
    body = {
        "model": "smollm2-135m-instruct",
        "input": {"writing": {"template": "product-title.zh", "facts": {"title": "落地灯"}}},
    }
    answer = whole.http().post("/v1/jobs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "language_unsupported")
    assert "pressroom models import" in answer.json()["detail"]
    feed = {
        "plan": '{"outputs": [{"template": "product-title.zh"}], "model": "smollm2-135m-instruct"}',
    }
    table = {"feed": ("feed.csv", "id,title\n1,落地灯\n".encode(), "text/csv")}
    answer = whole.http().post("/v1/feeds", data=feed, files=table)
    assert (answer.status_code, answer.json()["code"]) == (422, "language_unsupported")
    assert whole.http().get("/v1/batches").json()["items"] == []
