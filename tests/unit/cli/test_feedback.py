"""``pressroom feedback``: give, and export as data sets."""

import json
from pathlib import Path
from typing import Any

from tests.support import answers
from tests.support.answers import JOB_ID, SHA, Script, answer, problem
from tests.unit.cli.conftest import Run

GIVE = f"POST /v1/jobs/{JOB_ID}/feedback"
ALL = "GET /v1/feedback"
JOB = f"GET /v1/jobs/{JOB_ID}"


def said(**changes: Any) -> dict[str, Any]:
    return {
        "id": "fbk_1",
        "job_id": JOB_ID,
        "created_at": 1,
        "output": 0,
        "rating": None,
        "chosen": None,
        "edited": None,
        "comment": None,
        "model": {"name": "m", "version": "1", "sha256": SHA},
        "seed": 7,
        **changes,
    }


def test_an_opinion_is_sent_as_it_is(run: Run, script: Script, home: Path) -> None:
    (home / "mine.txt").write_text("Grüße", encoding="utf-8")
    script.on(GIVE, answer(said(rating=4), 201))
    asked = run("feedback", "give", JOB_ID, "--rating", "4", "--output", "1", "--edited", "mine.txt")
    assert (asked.exit_code, asked.stdout) == (0, "fbk_1\n")
    (request,) = script.requests
    assert json.loads(request.content) == {"rating": 4, "output": 1, "edited": "Grüße"}


def test_nothing_said_is_wrong_use(run: Run, script: Script) -> None:
    asked = run("feedback", "give", JOB_ID)
    assert asked.exit_code == 2
    assert "--rating" in asked.stderr
    assert script.requests == []


def test_a_refusal_is_one_sentence(run: Run, script: Script) -> None:
    script.on(
        GIVE, problem(409, "nothing_to_rate", "This job has no outputs that an opinion could be about.")
    )
    asked = run("feedback", "give", JOB_ID, "--rating", "5")
    assert asked.exit_code == 1
    assert "no outputs" in asked.stderr


def test_all_that_was_said_becomes_data_sets(run: Run, script: Script, home: Path) -> None:
    pages = [
        {"items": [said(rating=5), said(chosen=1)], "next": "more"},
        {"items": [said(edited="Better.")], "next": None},
    ]
    script.on(ALL, *(answer(page) for page in pages))
    outputs = [
        answers.output(n, text.encode(), "text/plain", text=text, finish_reason="stop")
        for n, text in enumerate(("One.", "Two."))
    ]
    script.on(JOB, answer(answers.text_job(outputs=outputs)))
    asked = run("feedback", "export", "--out", "sets")
    assert asked.exit_code == 0, asked.stderr

    def rows(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (home / "sets" / name).read_text(encoding="utf-8").splitlines()]

    (rating,) = rows("ratings.jsonl")
    assert (rating["rating"], rating["output"], rating["seed"]) == (5, {"n": 0, "text": "One."}, 7)
    (preference,) = rows("preferences.jsonl")
    assert preference["chosen"] == {"n": 1, "text": "Two."}
    assert preference["rejected"] == [{"n": 0, "text": "One."}]
    (edit,) = rows("edits.jsonl")
    assert (edit["original"]["text"], edit["edited"]) == ("One.", "Better.")
    assert edit["model"]["sha256"] == SHA
    assert len(script.sent(JOB)) == 1  # once for all that was said of it


def test_a_job_that_was_erased_meanwhile_is_left_out(run: Run, script: Script, home: Path) -> None:
    script.on(ALL, answer({"items": [said(rating=5)], "next": None}))
    script.on(JOB, problem(410, "job_erased", "gone"))
    assert run("feedback", "export").exit_code == 0
    assert (home / "feedback" / "ratings.jsonl").read_text() == ""
