"""Feedback by HTTP: what is kept, with which model and seed, what is refused, and who reads it."""

from typing import Any

import pytest
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem


def give(front: Front, job_id: str, **body: Any) -> Any:
    return front.call("POST", f"/v1/jobs/{job_id}/feedback", json=body)


def test_it_is_kept_with_the_model_and_the_seed(front: Front) -> None:
    job = front.done(TEXT_JOB)
    answer = give(front, job["id"], rating=4, edited="Better.", comment="too long")
    assert answer.status_code == 201
    said = answer.json
    assert (said["rating"], said["edited"], said["comment"], said["output"]) == (4, "Better.", "too long", 0)
    assert said["model"] == {name: job["model"][name] for name in ("name", "version", "sha256")}
    assert said["seed"] == job["params"]["seed"]
    assert front.call("GET", f"/v1/jobs/{job['id']}/feedback").json == {"items": [said], "next": None}
    assert front.call("GET", "/v1/feedback").json == {"items": [said], "next": None}


def test_pages_go_on(front: Front) -> None:
    job = front.done(TEXT_JOB)
    said = [give(front, job["id"], rating=rating).json["id"] for rating in (1, 2, 3)]
    first = front.call("GET", "/v1/feedback?limit=2").json
    rest = front.call("GET", f"/v1/feedback?limit=2&cursor={first['next']}").json
    assert sorted(item["id"] for item in first["items"] + rest["items"]) == sorted(said)
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"output": 0}, "body"),
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"edited": ""}, "edited"),
        ({"edited": "x" * 100_001}, "edited"),
        ({"comment": "x" * 4_001}, "comment"),
        ({"chosen": -1}, "chosen"),
        ({"stars": 5}, "stars"),
        ({"rating": 3, "output": 7}, "output"),
        ({"chosen": 7}, "chosen"),
        ({"chosen": 0}, "chosen"),
        ({"edited": "a\u0000b"}, "edited"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field_and_nothing_is_kept(
    front: Front, body: dict[str, Any], field: str
) -> None:
    job = front.done(TEXT_JOB)
    answer = give(front, job["id"], **body)
    assert answer.status_code == 422, answer.text
    assert field in answer.text
    assert front.call("GET", "/v1/feedback").json["items"] == []


def test_a_picture_cannot_be_edited(front: Front) -> None:
    job = front.done(IMAGE_JOB)
    problem(give(front, job["id"], edited="x"), 422, "input_invalid", "edited")
    assert give(front, job["id"], rating=5).status_code == 201


def test_a_job_without_outputs_has_nothing_to_rate(front: Front) -> None:
    job = front.post(TEXT_JOB).json
    problem(give(front, job["id"], rating=5), 409, "nothing_to_rate")
    front.call("POST", f"/v1/jobs/{job['id']}/cancel")
    problem(give(front, job["id"], rating=5), 409, "nothing_to_rate")


def test_an_erased_job_has_no_feedback_any_more(front: Front) -> None:
    job = front.done(TEXT_JOB)
    give(front, job["id"], rating=5)
    front.call("DELETE", f"/v1/jobs/{job['id']}")
    problem(give(front, job["id"], rating=5), 410, "job_erased")
    problem(front.call("GET", f"/v1/jobs/{job['id']}/feedback"), 410, "job_erased")
    assert front.call("GET", "/v1/feedback").json["items"] == []


def test_a_hundred_are_enough(front: Front) -> None:
    job = front.done(TEXT_JOB)
    for _ in range(100):
        assert give(front, job["id"], rating=1).status_code == 201
    problem(give(front, job["id"], rating=1), 422, "too_much_feedback")
