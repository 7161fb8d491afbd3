"""``pressroom feed``: post, look, decide, save; and the main failure of each."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import answers
from tests.support.answers import BATCH_ID, JOB_ID, Script, answer, problem
from tests.unit.cli.conftest import Run

POST = "POST /v1/feeds"
FEED = f"GET /v1/feeds/{BATCH_ID}"
PLAN: dict[str, Any] = {"outputs": [{"template": "seo-title"}]}
TABLE = "id,title\na-1,Oslo Lamp\na-2,Größe\n"


def feed(status: str = "running", **changes: Any) -> dict[str, Any]:
    """A feed of two rows as the server shows it."""
    batch = answers.batch(status, **changes)
    told = {name: batch[name] for name in ("id", "status", "counts", "created_at", "finished_at")}
    return {**told, "plan": PLAN, "key": "id", "columns": ["seo_title"], "pieces": 2}


def piece(n: int, status: str = "ready", **changes: Any) -> dict[str, Any]:
    text = {"text": "Oslo Lamp", "output": 0, "job_id": JOB_ID} if status == "ready" else {}
    return {"n": n, "row": n, "key": f"a-{n}", "column": "seo_title", "status": status, **text, **changes}


def page(*items: dict[str, Any]) -> Any:
    return answer({"items": list(items), "next": None})


@pytest.fixture
def table(home: Path) -> str:
    (home / "products.csv").write_text(TABLE, encoding="utf-8")
    return "products.csv"


def test_a_post_writes_the_id(run: Run, script: Script, table: str, home: Path) -> None:
    (home / "plan.json").write_text(json.dumps(PLAN))
    script.on(POST, answer(feed(waiting=2), 202))
    asked = run("feed", "post", table, "--plan", "plan.json", "--preset", "google", "--idempotency-key", "k")
    assert (asked.exit_code, asked.stdout, asked.stderr) == (0, f"{BATCH_ID}\n", "")
    (request,) = script.requests
    sent = request.content.decode()
    assert json.dumps({**PLAN, "preset": "google"}) in sent
    assert TABLE in sent
    assert 'filename="products.csv"' in sent
    assert request.headers["idempotency-key"] == "k"


def test_templates_are_a_plan_and_waiting_succeeds(run: Run, script: Script, table: str) -> None:
    script.on(POST, answer(feed(waiting=2), 202))
    script.on(FEED, answer(feed(running=2)), answer(feed("finished", succeeded=2)))
    asked = run("feed", "post", table, "--template", "seo-title", "--template", "meta-title", "--wait")
    assert (asked.exit_code, asked.stdout) == (0, f"{BATCH_ID}\n")
    sent = script.sent(POST)[0].content.decode()
    assert json.dumps({"outputs": [{"template": "seo-title"}, {"template": "meta-title"}]}) in sent


def test_what_is_refused_is_told_and_waiting_fails(run: Run, script: Script, table: str) -> None:
    script.on(POST, answer(feed(waiting=1, refused=1), 202))
    script.on(FEED, answer(feed("finished", succeeded=1, refused=1)))
    asked = run("feed", "post", table, "--template", "seo-title", "--wait")
    assert asked.exit_code == 1
    assert f"pressroom feed pieces {BATCH_ID} --status refused" in asked.stderr
    assert "2 pieces (1 refused, 1 succeeded)" in asked.stderr


def test_a_timeout_leaves_it_running(run: Run, script: Script, table: str) -> None:
    script.on(POST, answer(feed(waiting=2), 202))
    script.on(FEED, answer(feed()))
    asked = run("feed", "post", table, "--template", "seo-title", "--wait", "--timeout", "3")
    assert asked.exit_code == 1
    assert "It goes on" in asked.stderr


@pytest.mark.parametrize(
    ("content", "said"), [(b"{", "is no JSON"), (b"\xff", "is no JSON"), (b"[]", "a JSON object")]
)
def test_a_plan_that_is_none_is_wrong_use(
    run: Run, script: Script, table: str, home: Path, content: bytes, said: str
) -> None:
    (home / "plan.json").write_bytes(content)
    asked = run("feed", "post", table, "--plan", "plan.json")
    assert (asked.exit_code, script.requests) == (2, [])
    assert said in asked.stderr


@pytest.mark.parametrize("given", [(), ("--plan", "products.csv", "--template", "seo-title")])
def test_a_plan_or_templates_are_given(run: Run, script: Script, table: str, given: tuple[str, ...]) -> None:
    assert run("feed", "post", table, *given).exit_code == 2
    assert script.requests == []


def test_what_the_server_refuses_is_said(run: Run, script: Script, table: str) -> None:
    script.on(POST, problem(422, "input_invalid", "Its table has no column 'brand'."))
    asked = run("feed", "post", table, "--template", "seo-title")
    assert asked.exit_code == 1
    assert "no column 'brand'" in asked.stderr


def test_show_tells_how_far_it_is(run: Run, script: Script) -> None:
    script.on(FEED, answer(feed(waiting=1, running=1)))
    assert run("feed", "show", BATCH_ID).stdout == f"{BATCH_ID}: running, 2 pieces (1 waiting, 1 running)\n"
    assert json.loads(run("feed", "show", BATCH_ID, "--json").stdout)["key"] == "id"


def test_pieces_are_a_line_each(run: Run, script: Script) -> None:
    wrong = {"code": "input_invalid", "message": "Line 3: the row has no 'id', which names it."}
    script.on(
        f"{FEED}/pieces",
        page(
            piece(1, text="Oslo\nLamp"),
            piece(2, "needs_review", text="Lamp", findings=["Too short."]),
            piece(3, "refused", error=wrong),
        ),
    )
    asked = run("feed", "pieces", BATCH_ID)
    assert asked.stdout.splitlines() == [
        "1\ta-1\tseo_title\tready\tOslo Lamp",
        "2\ta-2\tseo_title\tneeds_review\tLamp [Too short.]",
        "3\ta-3\tseo_title\trefused\tLine 3: the row has no 'id', which names it.",
    ]
    (line,) = run("feed", "pieces", BATCH_ID, "--status", "refused", "--json").stdout.splitlines()
    assert json.loads(line)["n"] == 3


def test_decisions_are_sent(run: Run, script: Script) -> None:
    script.on(f"POST /v1/feeds/{BATCH_ID}/decisions", answer({"decided": 2}))
    asked = run("feed", "decide", BATCH_ID, "approved", "--all-ready")
    assert (asked.exit_code, asked.stderr) == (0, "2 pieces are approved.\n")
    assert run("feed", "decide", BATCH_ID, "rejected", "--piece", "1", "--piece", "2").exit_code == 0
    bodies = [json.loads(request.content) for request in script.requests]
    assert bodies == [
        {"decision": "approved", "all_ready": True},
        {"decision": "rejected", "pieces": [1, 2]},
    ]


def test_pieces_that_could_not_be_decided_about_fail_it(run: Run, script: Script) -> None:
    script.on(f"POST /v1/feeds/{BATCH_ID}/decisions", answer({"decided": 1}))
    asked = run("feed", "decide", BATCH_ID, "approved", "--piece", "1", "--piece", "9")
    assert asked.exit_code == 1
    assert "1 piece is approved" in asked.stderr


@pytest.mark.parametrize("given", [(), ("--all-ready", "--piece", "1"), ("--piece", "0")])
def test_a_decision_is_about_something(run: Run, script: Script, given: tuple[str, ...]) -> None:
    assert run("feed", "decide", BATCH_ID, "approved", *given).exit_code == 2
    assert script.requests == []


def test_an_export_is_saved_whole(run: Run, script: Script, home: Path) -> None:
    script.on(f"{FEED}/export", answers.stream("\ufeffid,seo_title\n", media_type="text/csv"))
    asked = run("feed", "export", BATCH_ID, "--out", "out/feed.csv", "--which", "ready", "--column", "a")
    assert (asked.exit_code, asked.output) == (0, "")
    assert (home / "out" / "feed.csv").read_text("utf-8-sig") == "id,seo_title\n"
    assert script.requests[0].url.query == b"form=csv&which=ready&columns=a"


def test_an_export_that_fails_leaves_no_file(run: Run, script: Script, home: Path) -> None:
    script.on(f"{FEED}/export", problem(410, "batch_erased", "This batch was erased."))
    assert run("feed", "export", BATCH_ID, "--out", "feed.zip").exit_code == 1
    assert list(home.glob("*feed*")) == []


def test_an_export_of_no_known_form_is_wrong_use(run: Run, script: Script) -> None:
    assert run("feed", "export", BATCH_ID, "--out", "feed.xlsx").exit_code == 2
    assert script.requests == []
