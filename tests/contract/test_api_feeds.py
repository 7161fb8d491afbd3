"""``/v1/feeds`` over HTTP: in, looked at, decided about, out."""

import io
import json
import resource
from pathlib import Path
from typing import Any

import pytest
from tests.support.feeds import exported, made, pieces, rows, worked
from tests.support.front import Answer, Front, problem

LINES = [{"template": "line"}]
TABLE = "id,title,material\na-1,Oslo Lamp,oak\na-2,Harbour Mug,\n"
LINE: dict[str, Any] = {
    "channel": "meta_description",
    "locale": "en",
    "what": "line",
    "body": "{{title}}{? of {{material}}?}: [[what it is for | 2-5]].",
    "variables": [{"name": "title"}, {"name": "material", "required": False}],
}


@pytest.fixture
def ready(front: Front) -> Front:
    """With a template of two gaps' room."""
    assert front.call("PUT", "/v1/templates/line", json=LINE).status_code == 200
    return front


# -- in --------------------------------------------------------------------------------------------------


def test_a_feed_is_taken_with_a_piece_for_each_output_of_a_row(ready: Front) -> None:
    feed = made(ready, TABLE)
    assert (feed["key"], feed["columns"], feed["pieces"]) == ("id", ["line", "seo_title"], 4)
    assert feed["status"] == "running"
    assert [(each["row"], each["key"], each["column"]) for each in pieces(ready, feed)] == [
        (1, "a-1", "line"),
        (1, "a-1", "seo_title"),
        (2, "a-2", "line"),
        (2, "a-2", "seo_title"),
    ]
    assert ready.call("GET", f"/v1/feeds/{feed['id']}").json["plan"]["outputs"][0]["template"] == "line"


def test_each_piece_is_written_from_its_own_row(ready: Front) -> None:
    feed = made(ready, TABLE, params={"n": 1})
    worked(ready)
    found = pieces(ready, feed)
    jobs = [ready.call("GET", f"/v1/jobs/{each['job_id']}").json for each in found]
    assert [job["input"]["writing"]["facts"]["title"] for job in jobs] == [
        "Oslo Lamp",
        "Oslo Lamp",
        "Harbour Mug",
        "Harbour Mug",
    ]
    assert [job["metadata"]["key"] for job in jobs] == ["a-1", "a-1", "a-2", "a-2"]


def test_rows_that_are_wrong_name_their_lines_and_the_others_go_on(ready: Front) -> None:
    table = b"id,title,material\na-1,Lamp,oak\na-2,x\na-3,M\0g,clay\n,Desk,oak\na-5, ,oak\na-6,Cup,clay\n"
    feed = made(ready, table, outputs=[{"template": "line"}])
    found = pieces(ready, feed)
    assert [each["status"] == "refused" for each in found] == [False, True, True, True, True, False]
    told = [each["error"]["message"] for each in found if each["error"]]
    assert told[0] == "Line 3: the row has 2 cells, and the header 3."
    assert told[1].startswith("Line 4: the row has a NUL")
    assert told[2] == "Line 5: the row has no 'id', which names it."
    assert found[4]["error"]["code"] == "fact_missing"


def test_a_voice_that_is_removed_refuses_what_comes_after(ready: Front) -> None:
    ready.voice()
    feed = made(ready, TABLE, voice="house")
    assert pieces(ready, feed)[0]["status"] != "refused"
    ready.call("DELETE", "/v1/voices/house")
    problem(ready.post_feed(TABLE, outputs=[{"template": "line"}], voice="house"), 404, "voice_unknown")


@pytest.mark.parametrize(
    ("table", "plan", "status", "code", "field"),
    [
        (TABLE, {"outputs": [{"template": "nobody"}]}, 404, "template_unknown", "template"),
        (TABLE, {"outputs": []}, 422, "input_invalid", "plan.outputs"),
        (TABLE, {"outputs": [{}]}, 422, "input_invalid", "plan.outputs.0"),
        (
            TABLE,
            {"outputs": [{"template": "line", "facts": {"title": "no"}}]},
            422,
            "input_invalid",
            "plan.outputs.0.facts.title",
        ),
        (
            "id,name2\n1,x\n",
            {"outputs": [{"template": "line"}]},
            422,
            "input_invalid",
            "plan.outputs.0.facts",
        ),
        (TABLE, {"outputs": LINES, "model": "nobody"}, 404, "model_unknown", "model"),
        (TABLE, {"outputs": LINES, "model": "icons"}, 422, "input_invalid", "model"),
        (TABLE, {"outputs": LINES, "params": {"max_tokens": 2}}, 422, "input_invalid", "params.max_tokens"),
        (TABLE, {"outputs": LINES, "params": {"tempo": 2}}, 422, "input_invalid", "params.tempo"),
        (TABLE, {"outputs": LINES, "params": {"n": 0}}, 422, "input_invalid", "params.n"),
        (
            TABLE,
            {"outputs": [{"picture": {"words": ["title"], "model": "nobody"}}]},
            404,
            "model_unknown",
            "plan.outputs.0.picture.model",
        ),
        (
            TABLE,
            {"outputs": [{"picture": {"label": "material"}}]},
            404,
            "model_unknown",
            "plan.outputs.0.picture.model",
        ),
        (
            TABLE,
            {"outputs": [{"template": "line"}, {"picture": {"words": ["title"], "model": "painter"}}]},
            422,
            "input_invalid",
            "plan.outputs.1.picture.model",
        ),
        (
            TABLE,
            {"outputs": [{"picture": {"label": "material", "model": "painter", "colour": "#336699"}}]},
            422,
            "input_invalid",
            "plan.outputs.0.picture.colour",
        ),
        (
            TABLE,
            {"outputs": [{"picture": {"words": ["title"], "n": 16, "size": 2048}}]},
            422,
            "input_invalid",
            "plan.outputs.0.picture.n",
        ),
        (
            TABLE,
            {"outputs": [{"picture": {"words": ["title"], "n": 99}}]},
            422,
            "input_invalid",
            "plan.outputs.0.picture.n",
        ),
        ("", {"outputs": [{"template": "line"}]}, 422, "input_invalid", "feed"),
        ("id,title\n", {"outputs": [{"template": "line"}]}, 422, "input_invalid", None),
    ],
)
def test_what_is_wrong_with_a_feed_is_named_and_nothing_runs(
    ready: Front, table: str, plan: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    problem(ready.post_feed(table, **plan), status, code, field)
    assert ready.call("GET", "/v1/batches").json["items"] == []


@pytest.mark.parametrize(
    "data", [{}, {"plan": "{}"}, {"plan": "no json", "feed": (io.BytesIO(b"a\n1\n"), "a.csv")}]
)
def test_a_form_that_is_none_is_422(ready: Front, data: dict[str, Any]) -> None:
    problem(
        ready.call("POST", "/v1/feeds", data=data, content_type="multipart/form-data"), 422, "input_invalid"
    )


def test_the_same_key_gives_the_same_feed(ready: Front) -> None:
    headers = {"Idempotency-Key": "spring"}
    plan: dict[str, Any] = {"outputs": [{"template": "line"}]}
    first = ready.post_feed(TABLE, headers=headers, **plan).json
    assert ready.post_feed(TABLE, headers=headers, **plan).json["id"] == first["id"]
    problem(ready.post_feed(f"{TABLE}a-3,Cup,\n", headers=headers, **plan), 422, "idempotency_key_reused")


def test_variants_of_a_shops_product_are_passed_over(ready: Front) -> None:
    table = "Handle,Title,Option1 Value\nlamp,Lamp,oak\nlamp,,ash\nlamp,,elm\nmug,Mug,blue\n"
    feed = made(ready, table, preset="shopify", outputs=[{"template": "seo-title"}])
    assert [each["key"] for each in pieces(ready, feed)] == ["lamp", "mug"]


def test_lines_of_json_are_taken_too(ready: Front) -> None:
    table = '{"id": 1, "title": "Lamp", "material": ["oak", "brass"]}\n{"id": 2, "title": "Mug"}\n'
    answer = ready.post_feed(table, name="feed.jsonl", outputs=[{"template": "line"}])
    assert answer.json["pieces"] == 2


def test_a_batch_is_no_feed(front: Front) -> None:
    batch = front.post_batch([{"model": "writer", "input": {"prompt": "x"}}]).json
    problem(front.call("GET", f"/v1/feeds/{batch['id']}"), 404, "batch_unknown")
    for path in ("pieces", "export"):
        problem(front.call("GET", f"/v1/feeds/{batch['id']}/{path}"), 404, "batch_unknown")


# -- decided, and out ------------------------------------------------------------------------------------


@pytest.fixture
def done(ready: Front) -> tuple[Front, dict[str, Any]]:
    """A feed of two rows whose pieces are done."""
    feed = made(ready, TABLE, params={"n": 1})
    worked(ready)
    return ready, feed


def test_only_what_is_approved_goes_out_unless_more_is_asked_for(done: tuple[Front, dict[str, Any]]) -> None:
    front, feed = done
    found = pieces(front, feed)
    assert {each["status"] for each in found} <= {"ready", "needs_review"}
    assert rows(exported(front, feed)) == [["id", "line", "seo_title"]]
    whole = rows(exported(front, feed, which="all"))
    assert [row[0] for row in whole] == ["id", "a-1", "a-2"]
    decided = front.call(
        "POST", f"/v1/feeds/{feed['id']}/decisions", json={"decision": "approved", "pieces": [1, 2, 3, 99]}
    )
    assert decided.json == {"decided": 3}
    assert rows(exported(front, feed)) == [
        ["id", "line", "seo_title"],
        ["a-1", *[each["text"] for each in found[:2]]],
    ]
    assert rows(exported(front, feed, columns="line")) == [
        ["id", "line"],
        ["a-1", found[0]["text"]],
        ["a-2", found[2]["text"]],
    ]


def test_a_cell_that_is_not_there_is_never_exported_empty(done: tuple[Front, dict[str, Any]]) -> None:
    front, feed = done
    front.call("POST", f"/v1/feeds/{feed['id']}/decisions", json={"decision": "approved", "pieces": [1]})
    assert rows(exported(front, feed)) == [["id", "line", "seo_title"]]
    (line,) = exported(front, feed, form="jsonl").get_data(as_text=True).splitlines()
    assert json.loads(line) == {"id": "a-1", "line": pieces(front, feed)[0]["text"]}


def test_what_was_edited_goes_out_as_it_was_edited_and_what_was_rejected_does_not(
    done: tuple[Front, dict[str, Any]],
) -> None:
    front, feed = done
    first, second, *_ = pieces(front, feed)
    said = {"decision": "approved", "edited": 'Oslo, "the" lamp\nfor evenings.', "output": first["output"]}
    assert front.call("POST", f"/v1/jobs/{first['job_id']}/feedback", json=said).status_code == 201
    front.call("POST", f"/v1/jobs/{second['job_id']}/feedback", json={"decision": "rejected"})
    assert [each["status"] for each in pieces(front, feed)][:2] == ["approved", "rejected"]
    assert rows(exported(front, feed, columns="line"))[1] == ["a-1", 'Oslo, "the" lamp\nfor evenings.']
    assert [row[0] for row in rows(exported(front, feed, which="all"))] == ["id", "a-2"]
    front.call("POST", f"/v1/jobs/{second['job_id']}/feedback", json={"decision": "approved"})
    assert pieces(front, feed)[1]["status"] == "approved"


def test_all_that_is_ready_is_approved_at_once(done: tuple[Front, dict[str, Any]]) -> None:
    front, feed = done
    ready = [each["n"] for each in pieces(front, feed) if each["status"] == "ready"]
    body = {"decision": "approved", "all_ready": True}
    assert front.call("POST", f"/v1/feeds/{feed['id']}/decisions", json=body).json == {"decided": len(ready)}
    assert [each["n"] for each in pieces(front, feed) if each["status"] == "approved"] == ready
    assert front.call("POST", f"/v1/feeds/{feed['id']}/decisions", json=body).json == {"decided": 0}


@pytest.mark.parametrize(
    "body",
    [{"decision": "approved"}, {"decision": "x", "all_ready": True}, {"decision": "approved", "pieces": [0]}],
)
def test_a_decision_that_is_none_is_422(done: tuple[Front, dict[str, Any]], body: dict[str, Any]) -> None:
    front, feed = done
    problem(front.call("POST", f"/v1/feeds/{feed['id']}/decisions", json=body), 422, "input_invalid")


@pytest.mark.parametrize("query", ["columns=nope", "form=xml", "which=some", "surprise=1"])
def test_an_export_that_is_none_is_422(done: tuple[Front, dict[str, Any]], query: str) -> None:
    front, feed = done
    problem(front.call("GET", f"/v1/feeds/{feed['id']}/export?{query}"), 422, "input_invalid")


def test_pieces_come_in_pages(done: tuple[Front, dict[str, Any]]) -> None:
    front, feed = done
    path = f"/v1/feeds/{feed['id']}/pieces?limit=3"
    first = front.call("GET", path).json
    assert ([each["n"] for each in first["items"]], first["next"]) == ([1, 2, 3], "3")
    second = front.call("GET", f"{path}&cursor=3").json
    assert ([each["n"] for each in second["items"]], second["next"]) == ([4], None)
    problem(front.call("GET", f"{path}&cursor=x"), 422, "cursor_invalid")


def test_another_tenant_sees_nothing_of_it(done: tuple[Front, dict[str, Any]]) -> None:
    front, feed = done
    other = front.other_key()
    for path in ("", "/pieces", "/export"):
        problem(front.call("GET", f"/v1/feeds/{feed['id']}{path}", key=other), 404, "batch_unknown")


def test_however_many_pages_are_read_the_rows_are_counted_once(ready: Front) -> None:
    table = "id,title,material\n" + "".join(f"a-{n},Lamp {n},oak\n" for n in range(350))
    feed = made(ready, table, outputs=[{"template": "line"}], params={"n": 1})
    ready.batches.calls.clear()
    assert rows(exported(ready, feed, which="all")) == [["id", "line"]]
    assert (ready.batches.calls.count("batch"), ready.batches.calls.count("rows")) == (1, 5)


def test_pieces_that_are_decided_by_number_are_read_as_they_lie_together(ready: Front) -> None:
    table = "id,title,material\n" + "".join(f"a-{n},Lamp {n},oak\n" for n in range(240))
    feed = made(ready, table, outputs=[{"template": "line"}], params={"n": 1})
    worked(ready)
    ready.batches.calls.clear()
    numbers = [240, 3, 1, 2, 102, 101, 3, 9_000]
    said = {"decision": "approved", "pieces": numbers}
    answer = ready.call("POST", f"/v1/feeds/{feed['id']}/decisions", json=said)
    assert answer.json == {"decided": 6}
    assert ready.batches.calls.count("rows") == 4
    approved = rows(exported(ready, feed))
    assert [row[0] for row in approved[1:]] == [f"a-{n - 1}" for n in (1, 2, 3, 101, 102, 240)]


# -- bodies that are too large, or have no place -----------------------------------------------------------


def test_a_body_that_is_too_large_is_told_how_large_it_may_be(tmp_path: Path) -> None:
    front = Front(tmp_path, max_batch_bytes=20_000)
    said = problem(
        front.post_feed(TABLE + "x" * 30_000, outputs=[{"template": "seo-title"}]), 413, "body_too_large"
    )
    assert said["detail"] == "The body is too large: at most 20,000 bytes are taken at this address."
    assert front.call("GET", "/v1/batches").json["items"] == []
    front.parts.follower.stop()


def test_a_disk_that_fills_up_while_a_table_comes_is_told_and_nothing_is_kept(ready: Front) -> None:
    part = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    plan = part.format("plan", "", json.dumps({"outputs": LINES}))
    table = part.format("feed", '; filename="a.csv"', TABLE + "a-3,Lamp,oak\n" * 80_000)
    body = io.BytesIO(f"{plan}{table}--x--\r\n".encode())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    try:
        answer = ready.call(
            "POST", "/v1/feeds", input_stream=body, content_type="multipart/form-data; boundary=x"
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "disk" in problem(answer, 503, "no_room")["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert ready.call("GET", "/v1/batches").json["items"] == []
    assert made(ready, TABLE)["pieces"] == 4


class _Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("this body was read")


def _unread(front: Front) -> Answer:
    return front.call(
        "POST",
        "/v1/feeds",
        input_stream=_Unread(b"x" * 1_000),
        content_type="multipart/form-data; boundary=x",
    )


def test_a_table_that_has_no_room_is_not_read(ready: Front) -> None:
    ready.room.reason = "The disk is nearly full."
    problem(_unread(ready), 503, "no_room")


def test_a_table_that_has_no_place_is_not_read_and_the_place_is_given_back(tmp_path: Path) -> None:
    front = Front(tmp_path, batches_at_once=1)
    with front.parts.feeds.place():
        problem(_unread(front), 503, "busy")
    for _ in range(2):  # one that is refused leaves its place, too
        problem(front.post_feed("", outputs=[{"template": "seo-title"}]), 422, "input_invalid")
    made(front, TABLE, outputs=[{"template": "seo-title"}])
    front.parts.follower.stop()
