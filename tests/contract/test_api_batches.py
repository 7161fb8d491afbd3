"""Batches by HTTP: what is taken, what is refused row by row and as a whole, what comes of it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem

ROW = {"model": "writer", "input": {"prompt": "a blue mug"}}


def row(custom_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {**ROW, **({"custom_id": custom_id} if custom_id else {}), **changes}


def run(front: Front) -> None:
    """Let everything in, make it, and find the ends."""
    while front.sweep().released or front.worker.turn():
        pass
    front.sweep()


def shown(front: Front, batch_id: str) -> dict[str, Any]:
    found: dict[str, Any] = front.call("GET", f"/v1/batches/{batch_id}").json
    return found


def rows(front: Front, batch_id: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = front.call("GET", f"/v1/batches/{batch_id}/rows{query}").json["items"]
    return found


def test_a_batch_is_taken_and_its_results_come_in_order(front: Front) -> None:
    answer = front.post_batch([row("a", params={"seed": 1}), row("b", params={"seed": 2}), IMAGE_JOB])
    assert answer.status_code == 202
    batch = answer.json
    assert answer.headers["Location"] == batch["links"]["self"] == f"/v1/batches/{batch['id']}"
    assert (batch["status"], batch["rows"], batch["refused"]) == ("running", 3, 0)
    assert batch["counts"]["waiting"] == 3
    assert front.results(batch["id"]) == []
    run(front)
    done = shown(front, batch["id"])
    assert (done["status"], done["counts"]["succeeded"]) == ("finished", 3)
    assert done["expires_at"] > done["finished_at"] >= done["received_at"]
    results = front.results(batch["id"])
    assert [(line["n"], line["custom_id"], line["status"]) for line in results] == [
        (1, "a", "succeeded"),
        (2, "b", "succeeded"),
        (3, None, "succeeded"),
    ]
    for line in results:
        job = front.call("GET", f"/v1/jobs/{line['job']}").json
        assert (line["outputs"], line["usage"]) == (job["outputs"], job["usage"])
    assert results[0]["outputs"][0]["text"]
    assert front.call("GET", results[2]["outputs"][1]["url"]).data.startswith(b"\x89PNG")
    assert [line["n"] for line in front.results(batch["id"], "?after=2")] == [3]


def test_rows_that_are_wrong_are_refused_by_themselves(front: Front) -> None:
    bad: list[tuple[Any, str, str]] = [
        (b"{nonsense", "malformed_json", "The line is not JSON"),
        (b'{"model": "writer", "input": {"prompt": "\xff"}}', "malformed_text", "The line is not UTF-8"),
        (b'["a list"]', "input_invalid", "JSON object"),
        (b'"\\ud800"', "input_invalid", "Unicode"),
        (b'{"model": "writer", "model": "writer"}', "malformed_json", "twice"),
        (b'{"model": "writer", "priority": NaN}', "malformed_json", "NaN"),
        (b"[" * 100 + b"]" * 100, "malformed_json", "nested"),
        (b'{"model": "writer", "input": {"prompt": "a\\u0000b"}}', "input_invalid", "NUL"),
        (row(model="nope"), "model_unknown", "There is no model of this name"),
        (row(colour="red"), "input_invalid", "colour"),
        (row(priority="high"), "input_invalid", "priority"),
        (ROW | {"custom_id": 7}, "input_invalid", "custom_id"),
        (row(custom_id="x" * 256), "input_invalid", "custom_id"),
        (row(input={"prompt": " "}), "input_invalid", "empty"),
        (row(params={"top_p": 7}), "input_invalid", "top_p"),
        (row(params={"max_tokens": 4096}), "prompt_too_long", "max_tokens"),
        ({"input": {"prompt": "which model?"}}, "input_invalid", "model"),
    ]
    answer = front.post_batch([row("first"), *(given for given, _, _ in bad), row("last")])
    assert answer.status_code == 202
    counts = answer.json["counts"]
    assert (counts["waiting"], counts["refused"]) == (2, len(bad))
    refused = rows(front, answer.json["id"], "?status=refused")
    assert [line["n"] for line in refused] == list(range(2, len(bad) + 2))
    for line, (given, code, words) in zip(refused, bad, strict=True):
        assert line["error"]["code"] == code, (given, line)
        assert words in line["error"]["message"], (given, line)
        assert "The body" not in line["error"]["message"]
        assert line["job"] is None
    run(front)
    assert shown(front, answer.json["id"])["counts"]["succeeded"] == 2
    assert [line["status"] for line in front.results(answer.json["id"])] == [
        "succeeded",
        *["refused"] * len(bad),
        "succeeded",
    ]


def test_a_line_too_long_harms_no_other(tmp_path: Path) -> None:
    front = Front(tmp_path, max_body_bytes=1_024)
    long = row(input={"prompt": "x" * 200_000})
    answer = front.post_batch([row("a"), long, row("b"), long, long, row("c"), long])
    assert answer.json["counts"] | {"waiting": 3, "refused": 4} == answer.json["counts"]
    found = rows(front, answer.json["id"])
    assert [line["n"] for line in found if line["status"] == "refused"] == [2, 4, 5, 7]
    assert [line["custom_id"] for line in found if line["status"] == "waiting"] == ["a", "b", "c"]
    assert "1024 bytes" in found[1]["error"]["message"]
    front.parts.follower.stop()


def test_the_other_limits_are_those_of_a_single_job(front: Front) -> None:
    job = front.post(TEXT_JOB | {"priority": 9}).json
    (line,) = (front.post_batch([TEXT_JOB | {"priority": 9}]).json,)
    front.sweep()
    (made,) = rows(front, line["id"])
    twin = front.call("GET", f"/v1/jobs/{made['job']}").json
    for name in ("kind", "model", "input", "params", "priority", "metadata"):
        assert twin[name] == job[name], name


def test_lines_are_counted_as_an_editor_does(front: Front) -> None:
    first, second = json.dumps(row("a")).encode(), json.dumps(row("b")).encode()
    answer = front.send_batch(b"\xef\xbb\xbf" + first + b"\r\n\r\n   \n" + second)
    assert [(line["n"], line["custom_id"]) for line in rows(front, answer.json["id"])] == [(1, "a"), (4, "b")]
    assert answer.json["rows"] == 2


def test_what_the_address_says_holds_for_rows_that_do_not(front: Front) -> None:
    query = "?model=writer&priority=8&deadline_s=77&result_ttl_s=99"
    prompt = {"input": {"prompt": "a mug"}}
    batch = front.post_batch([prompt, prompt | {"priority": 2, "deadline_s": 5}], query).json
    assert batch["refused"] == 0
    front.sweep()
    first, second = (front.call("GET", f"/v1/jobs/{line['job']}").json for line in rows(front, batch["id"]))
    assert (first["model"]["name"], first["priority"], second["priority"]) == ("writer", 8, 2)
    ages = [job["deadline_at"] - job["timings"]["queued_at"] for job in (first, second)]
    assert ages == [77_000, 5_000]


@pytest.mark.parametrize(
    "query", ["?priority=10", "?priority=high", "?deadline_s=0", "?model=", "?colour=red", "?model=a&model=b"]
)
def test_an_address_that_is_wrong_is_422(front: Front, query: str) -> None:
    problem(front.post_batch([ROW], query), 422, "input_invalid")
    assert front.call("GET", "/v1/batches").json["items"] == []


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\n\t\n"])
def test_a_body_without_rows_is_422_and_leaves_nothing(front: Front, body: bytes) -> None:
    problem(front.send_batch(body), 422, "input_invalid", "body")
    front.sweep()
    assert front.batches._inner._held == {}


def test_a_batch_without_a_good_row_is_finished_at_once(front: Front) -> None:
    answer = front.post_batch([b"{", b"["])
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["counts"]["refused"]) == ("finished", 2)


def test_too_many_rows_are_refused_whole(tmp_path: Path) -> None:
    front = Front(tmp_path, max_batch_rows=300)
    assert front.post_batch([row(str(n)) for n in range(300)]).status_code == 202
    answer = front.post_batch([row(str(n)) for n in range(301)])
    assert "300 rows" in problem(answer, 422, "too_many_rows", "body")["detail"]
    assert len(front.call("GET", "/v1/batches").json["items"]) == 1
    front.parts.follower.stop()


def test_a_body_too_large_is_413_and_leaves_nothing(tmp_path: Path) -> None:
    front = Front(tmp_path, max_batch_bytes=5_000)
    body = b"".join(json.dumps(row()).encode() + b"\n" for _ in range(100))
    problem(front.send_batch(body), 413, "body_too_large")
    packed = gzip.compress(body)
    assert len(packed) < 5_000
    problem(front.send_batch(packed, headers={"Content-Encoding": "gzip"}), 413, "body_too_large")
    front.sweep()
    assert front.batches._inner._held == {}
    front.parts.follower.stop()


def test_a_packed_body_is_unpacked(front: Front) -> None:
    lines = [json.dumps(row(str(n), metadata={"pad": "x" * 400})).encode() + b"\n" for n in range(400)]
    # Two members, as appended files have.
    packed = gzip.compress(b"".join(lines[:150])) + gzip.compress(b"".join(lines[150:]))
    answer = front.send_batch(packed, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json["rows"], answer.json["refused"]) == (202, 400, 0)
    same = front.send_batch(b"".join(lines), headers={"Idempotency-Key": "k"}).json["id"]
    again = front.send_batch(packed, headers={"Content-Encoding": "gzip", "Idempotency-Key": "k"}).json["id"]
    assert again == same, "the body is what was packed"


def test_a_bomb_is_let_out_no_further_than_the_limit(tmp_path: Path) -> None:
    front = Front(tmp_path, max_batch_bytes=3_000_000)
    bomb = gzip.compress(b"\n" * 100_000_000)
    problem(front.send_batch(bomb, headers={"Content-Encoding": "gzip"}), 413, "body_too_large")
    front.parts.follower.stop()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[:-1],
        lambda packed: packed[:40],
        lambda packed: packed[:-20] + bytes(12) + packed[-8:],
        lambda packed: b"no gzip at all",
        lambda packed: packed + b"tail",
    ],
)
def test_a_spoilt_package_is_400_and_leaves_nothing(front: Front, spoil: Any) -> None:
    packed = gzip.compress(b"".join(json.dumps(row(str(n))).encode() + b"\n" for n in range(400)))
    problem(front.send_batch(spoil(packed), headers={"Content-Encoding": "gzip"}), 400, "malformed_json")
    front.sweep()
    assert front.batches._inner._held == {}


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain", "application/x-ndjson; charset=latin-1"]
)
def test_other_types_are_415(front: Front, content_type: str) -> None:
    problem(front.post_batch([ROW], content_type=content_type), 415, "unsupported_media_type")


def test_other_encodings_are_415(front: Front) -> None:
    answer = front.post_batch([ROW], headers={"Content-Encoding": "br"})
    problem(answer, 415, "unsupported_media_type")


def test_the_same_key_and_body_are_the_same_batch(front: Front) -> None:
    key = {"Idempotency-Key": "feed-7"}
    first = front.post_batch([row("a"), row("b")], headers=key)
    again = front.post_batch([row("a"), row("b")], headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json == first.json
    problem(
        front.post_batch([row("a"), row("c")], headers=key),
        422,
        "idempotency_key_reused",
        "header.Idempotency-Key",
    )
    problem(front.post_batch([row("a"), row("b")], "?priority=3", headers=key), 422, "idempotency_key_reused")
    other = front.post_batch([row("a"), row("b")], headers=key, key=front.other_key())
    assert other.json["id"] != first.json["id"]
    run(front)
    assert front.post_batch([row("a"), row("b")], headers=key).status_code == 200
    front.call("DELETE", f"/v1/batches/{first.json['id']}")
    problem(front.post_batch([row("a"), row("b")], headers=key), 410, "batch_erased")


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel"])
def test_a_key_that_is_none_is_422(front: Front, key: str) -> None:
    problem(front.post_batch([ROW], headers={"Idempotency-Key": key}), 422, "input_invalid")


def test_names_are_taken_once(front: Front) -> None:
    batch = front.post_batch([row("a"), row("a"), row("b")]).json
    first, second, third = rows(front, batch["id"])
    assert (first["status"], third["status"]) == ("waiting", "waiting")
    assert (second["custom_id"], second["error"]["code"]) == (None, "custom_id_taken")


def test_after_trouble_in_the_middle_the_same_key_begins_anew(front: Front) -> None:
    key = {"Idempotency-Key": "feed-7"}
    body = [row(str(n)) for n in range(600)]
    front.batches.fail("seal")
    problem(front.post_batch(body, headers=key), 503, "database_unavailable")
    assert front.sweep().released == 0
    answer = front.post_batch(body, headers=key)
    assert (answer.status_code, answer.json["rows"]) == (202, 600)
    assert [batch["id"] for batch in front.call("GET", "/v1/batches").json["items"]] == [answer.json["id"]]


def test_a_lost_answer_is_found_by_the_key(front: Front) -> None:
    key = {"Idempotency-Key": "feed-7"}
    front.batches.lose_answer("seal")
    problem(front.post_batch([ROW], headers=key), 503, "database_unavailable")
    assert front.post_batch([ROW], headers=key).status_code == 202
    run(front)
    assert len(front.call("GET", "/v1/jobs").json["items"]) == 1


def test_a_batch_that_was_given_up_meanwhile_is_409(front: Front) -> None:
    add = front.batches._inner.add

    def given_up(batch_id: str, rows: Any) -> None:
        front.batches._inner.give_up(batch_id)
        add(batch_id, rows)

    front.batches._inner.add = given_up
    problem(front.post_batch([ROW]), 409, "batch_given_up")


def test_only_so_many_are_taken_in_at_once(tmp_path: Path) -> None:
    front = Front(tmp_path, batches_at_once=1)
    opened = front.batches._inner.open

    def meanwhile(new: Any) -> Any:
        front.batches._inner.open = opened
        answer = front.post_batch([ROW])
        assert "Retry-After" in answer.headers
        problem(answer, 503, "busy")
        return opened(new)

    front.batches._inner.open = meanwhile
    assert front.post_batch([ROW]).status_code == 202
    assert front.post_batch([ROW]).status_code == 202
    front.parts.follower.stop()


def test_the_queue_is_never_full_of_a_batch(front: Front) -> None:
    batch = front.post_batch([row(str(n)) for n in range(30)]).json
    for _ in range(3):
        front.sweep(lane=10)
    assert shown(front, batch["id"])["counts"]["queued"] == 5
    assert front.post(TEXT_JOB).status_code == 202


def test_a_canceled_batch_keeps_what_it_has(front: Front) -> None:
    batch = front.post_batch([row(str(n)) for n in range(5)]).json
    front.sweep()
    front.worker.turn()
    answer = front.call("POST", f"/v1/batches/{batch['id']}/cancel")
    assert (answer.status_code, answer.json["status"]) == (200, "canceled")
    counts = answer.json["counts"]
    assert (counts["succeeded"], counts["canceled"], counts["waiting"]) == (1, 4, 0)
    front.sweep()
    assert shown(front, batch["id"])["finished_at"] is not None
    assert not front.worker.turn()
    assert [line["status"] for line in front.results(batch["id"])] == ["succeeded", *["canceled"] * 4]
    problem(front.call("POST", f"/v1/batches/{batch['id']}/retry"), 409, "batch_ended")
    assert front.call("POST", f"/v1/batches/{batch['id']}/cancel").status_code == 200


def test_an_erased_batch_and_its_jobs_are_gone(front: Front) -> None:
    batch = front.post_batch([row(str(n)) for n in range(3)]).json
    run(front)
    jobs = [line["job"] for line in rows(front, batch["id"])]
    path = f"/v1/batches/{batch['id']}"
    assert front.call("DELETE", path).status_code == 202
    for method, suffix in (
        ("GET", ""),
        ("GET", "/rows"),
        ("GET", "/results"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("DELETE", ""),
    ):
        problem(front.call(method, path + suffix), 410, "batch_erased")
    front.sweep()
    for job_id in jobs:
        problem(front.call("GET", f"/v1/jobs/{job_id}"), 410, "job_erased")


def test_a_job_that_was_erased_is_told_in_its_line(front: Front) -> None:
    batch = front.post_batch([row("a"), row("b")]).json
    run(front)
    front.call("DELETE", f"/v1/jobs/{rows(front, batch['id'])[0]['job']}")
    first, second = front.results(batch["id"])
    assert (first["error"]["code"], first["outputs"]) == ("job_erased", [])
    assert (second["error"], len(second["outputs"])) == (None, 1)


def test_rows_come_in_pages(front: Front) -> None:
    batch = front.post_batch([row(str(n)) for n in range(7)]).json
    seen, query = [], "?limit=3"
    while True:
        page = front.call("GET", f"/v1/batches/{batch['id']}/rows{query}").json
        seen.append([line["n"] for line in page["items"]])
        if page["next"] is None:
            break
        query = f"?limit=3&cursor={page['next']}"
    assert seen == [[1, 2, 3], [4, 5, 6], [7]]


@pytest.mark.parametrize("query", ["?cursor=x", "?cursor=-1", "?cursor=99999999999", "?cursor=٣"])
def test_a_cursor_that_is_none_of_ours_is_422(front: Front, query: str) -> None:
    batch = front.post_batch([ROW]).json
    problem(front.call("GET", f"/v1/batches/{batch['id']}/rows{query}"), 422, "cursor_invalid")


@pytest.mark.parametrize("query", ["?status=nope", "?limit=0", "?limit=501"])
def test_rows_are_asked_for_rightly_or_not_at_all(front: Front, query: str) -> None:
    batch = front.post_batch([ROW]).json
    problem(front.call("GET", f"/v1/batches/{batch['id']}/rows{query}"), 422, "input_invalid")


def test_batches_come_in_pages(front: Front) -> None:
    made = [front.post_batch([ROW]).json["id"] for _ in range(3)]
    first = front.call("GET", "/v1/batches?limit=2").json
    rest = front.call("GET", f"/v1/batches?limit=2&cursor={first['next']}").json
    assert sorted(batch["id"] for batch in first["items"] + rest["items"]) == sorted(made)
    assert {batch["counts"] for batch in first["items"]} == {None}
    assert front.call("GET", "/v1/batches", key=front.other_key()).json["items"] == []


def test_another_tenant_sees_nothing_of_it(front: Front) -> None:
    batch = front.post_batch([row("a")]).json
    other = front.other_key()
    for method, suffix in (
        ("GET", ""),
        ("GET", "/rows"),
        ("GET", "/results"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("DELETE", ""),
    ):
        answer = front.call(method, f"/v1/batches/{batch['id']}{suffix}", key=other)
        problem(answer, 404, "batch_unknown")
    assert shown(front, batch["id"])["status"] == "running"


@pytest.mark.parametrize("batch_id", ["nope", "batch_" + "0" * 32, "job_" + "0" * 32, "%00"])
def test_what_is_no_batch_is_404(front: Front, batch_id: str) -> None:
    problem(front.call("GET", f"/v1/batches/{batch_id}"), 404, "batch_unknown")


def test_a_cut_in_the_middle_of_results_is_no_end(front: Front) -> None:
    """The first pages are on their way: what fails then must not look like a whole answer."""
    batch = front.post_batch([row(str(n)) for n in range(120)]).json
    run(front)
    read = front.batches._inner.rows
    calls = []

    def fails_later(*arguments: Any, **named: Any) -> Any:
        calls.append(named)
        if len(calls) > 2:
            raise ConnectionError("the database went away")
        return read(*arguments, **named)

    front.batches._inner.rows = fails_later
    with pytest.raises(ConnectionError):
        _ = front.call("GET", f"/v1/batches/{batch['id']}/results").data
