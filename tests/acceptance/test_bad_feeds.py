"""Feeds with something wrong in them, over a socket: what all rows would be refused for is told once, a row that is wrong is named by its
line and the others are made, and a cell of a gigabyte costs the front next to nothing."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.press import Press, press
from tests.acceptance.processes import until

pytestmark = [pytest.mark.redis, pytest.mark.timeout(300)]

LINE = {
    "channel": "meta_description",
    "locale": "en",
    "what": "line",
    "body": "{{title}} of {{material}}: [[what it is for | 2-5]].",
    "variables": [{"name": "title"}, {"name": "material"}],
}
PLAN = {"outputs": [{"template": "line"}, {"template": "line", "column": "again"}], "params": {"n": 1}}
GIGABYTE = 1_000_000_000
MOST_GROWTH_MB = 60


def put(whole: Press, kind: str, name: str, body: dict[str, Any]) -> httpx.Response:
    return whole.http().put(f"/v1/{kind}/{name}", json=body)


def post(whole: Press, table: bytes, plan: dict[str, Any] | None = None) -> httpx.Response:
    return whole.http().post(
        "/v1/feeds",
        data={"plan": json.dumps(plan or PLAN)},
        files={"feed": ("products.csv", table, "text/csv")},
        timeout=120,
    )


def ended(whole: Press, feed_id: str) -> dict[str, int]:
    """The counts, once nothing of the feed waits or runs."""

    def look() -> dict[str, int] | None:
        told = whole.http().get(f"/v1/feeds/{feed_id}").json()
        return told["counts"] if told["status"] == "finished" else None

    return until(look, "all of it has ended", 120, 0.2) or {}


def pieces(whole: Press, feed_id: str) -> dict[int, list[Any]]:
    """All pieces by their row."""
    found: dict[int, list[Any]] = {}
    for piece in whole.client().feeds.pieces(feed_id):
        found.setdefault(piece.row, []).append(piece)
    return found


# -- what is told once ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "field", "said"),
    [
        (
            {"outputs": [{"template": "seo-title", "facts": {"title": "Name"}}]},
            "plan.outputs.0.facts.title",
            "The feed has no column 'Name'. It has: id, heading.",
        ),
        (
            {"outputs": [{"template": "seo-title"}]},
            "plan.outputs.0.facts",
            "No column fills title of seo-title: name one in facts. The feed has: id, heading.",
        ),
        (
            {"outputs": [{"template": "seo-title", "facts": {"heading": "heading"}}]},
            "plan.outputs.0.facts.heading",
            "seo-title has no variable 'heading'.",
        ),
    ],
)
def test_a_column_or_a_variable_that_is_unknown_is_told_once(
    fake_press: Press, plan: dict[str, Any], field: str, said: str
) -> None:
    answer = post(fake_press, b"id,heading\n1,Lamp\n2,Mug\n", plan)
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "input_invalid", field)
    assert told["detail"].startswith(said)
    assert fake_press.rows("SELECT count(*) FROM batch") == 0


def test_a_template_that_refers_to_itself_is_never_kept(fake_press: Press) -> None:
    def kept(name: str, body: str) -> httpx.Response:
        return put(fake_press, "templates", name, {**LINE, "body": f"{{{{title}}}} {{{{material}}}} {body}"})

    assert kept("closing", "").status_code == 200
    assert kept("line", "{{> closing}}").status_code == 200
    for name, body, path in (
        ("line", "{{> line}}", "line → line"),
        ("closing", "{{> line}}", "closing → line → closing"),
    ):
        answer = kept(name, body)
        told = answer.json()
        assert (answer.status_code, told["code"], told["field"]) == (422, "template_invalid", "body")
        assert told["detail"] == f"A template refers to itself: {path}."
    assert post(fake_press, b"id,title,material\n1,Lamp,oak\n").status_code == 202, "what was there is good"


# -- rows ------------------------------------------------------------------------------------------------

BAD_ROWS: list[tuple[bytes, str, str]] = [
    (b"bad-1,,oak\n", "fact_missing", "Line 3: "),
    (b"bad-2,M\0g,oak\n", "input_invalid", "Line 5: the row has a NUL"),
    (b"bad-3,Mug\n", "input_invalid", "Line 7: the row has 2 cells, and the header 3."),
    (b"bad-4,Mug,oak,more\n", "input_invalid", "Line 9: the row has 4 cells, and the header 3."),
    (b"bad-5," + b"x" * 131_073 + b",oak\n", "input_invalid", "Line 11: the row has a cell of more than"),
    (b'bad-6,"' + b"x" * 2_000_000 + b'",oak\n', "input_invalid", "Line 13: the row is longer than"),
    (b"bad-7,M\xffg,oak\n", "input_invalid", "Line 15: the row is no UTF-8"),
    (b",Mug,oak\n", "input_invalid", "Line 17: the row has no 'id'"),
    (b"bad-9," + b"word " * 200 + b",oak\n", "facts_too_long", "Line 19: "),
    (b'bad-10,"Mug" x,oak\n', "input_invalid", "Line 21: the row goes on behind a closed quote"),
]


def test_a_row_that_is_wrong_names_its_line_and_all_others_are_made_of_their_own_facts(
    fake_press: Press,
) -> None:
    assert put(fake_press, "templates", "line", LINE).status_code == 200
    table = b"id,title,material\n" + b"".join(
        f"sku-{n},Mug {n},clay {n}\n".encode() + bad for n, (bad, _, _) in enumerate(BAD_ROWS)
    )
    answer = post(fake_press, table + b"last,Cup,tin\n")
    assert answer.status_code == 202, answer.text
    feed_id = answer.json()["id"]
    counts = ended(fake_press, feed_id)
    assert (counts["refused"], counts["succeeded"]) == (2 * len(BAD_ROWS), 2 * len(BAD_ROWS) + 2)
    found = pieces(fake_press, feed_id)
    assert list(found) == list(range(1, 2 * len(BAD_ROWS) + 2))
    for n, (_, code, words) in enumerate(BAD_ROWS):
        for piece in found[2 * n + 2]:
            assert (piece.status, piece.error.code) == ("refused", code), piece
            assert piece.error.message.startswith(words), piece
    for n in range(len(BAD_ROWS)):
        for piece in found[2 * n + 1]:
            facts = fake_press.client().job(piece.job_id).input.writing.facts  # type: ignore[union-attr]
            assert (piece.key, facts["title"], facts["material"]) == (f"sku-{n}", f"Mug {n}", f"clay {n}")


# -- what is removed meanwhile -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("removed", "code"), [("voices/house", "voice_unknown"), ("templates/line", "template_unknown")]
)
def test_what_is_removed_while_rows_come_in_refuses_the_rest_and_those_before_are_made(
    sqlite_url: str, redis_url: str, tmp_path: Path, removed: str, code: str
) -> None:
    rows = 8_000
    with press(sqlite_url, redis_url, tmp_path, fake_step_s=0.0) as whole:
        whole.front()
        put(whole, "templates", "line", LINE).raise_for_status()
        put(whole, "voices", "house", {"locale": "en", "tone": "warm"}).raise_for_status()
        table = b"id,title,material\n" + b"".join(f"sku-{n},Mug {n},clay\n".encode() for n in range(rows))
        plan = {"outputs": [{"template": "line"}], "voice": "house", "params": {"n": 1}}
        answers: list[httpx.Response] = []
        posting = threading.Thread(target=lambda: answers.append(post(whole, table, plan)))
        posting.start()
        until(lambda: whole.rows("SELECT count(*) FROM batch_row"), "rows come in")
        with httpx.Client(
            base_url=whole.url, headers={"Authorization": f"Bearer {whole.key()}"}, timeout=30
        ) as other:
            assert other.delete(f"/v1/{removed}").status_code == 204
        posting.join()
        feed = answers[0].json()
        taken = feed["counts"]["waiting"]
        assert (answers[0].status_code, feed["pieces"]) == (202, rows)
        assert 0 < taken < rows
        assert feed["counts"]["refused"] == rows - taken
        accepted = "SELECT max(n) FROM batch_row WHERE error_code IS NULL"
        assert whole.rows(accepted) == taken, "the rest, and nothing before"
        assert (
            whole.rows("SELECT count(*) FROM batch_row WHERE error_code = :code", code=code) == rows - taken
        )
        page = whole.http().get(f"/v1/feeds/{feed['id']}/pieces?cursor={taken}&limit=1").json()
        (first,) = page["items"]
        assert first["key"] == f"sku-{taken}"
        assert first["error"]["message"].startswith(f"Line {taken + 2}: There is no ")
        whole.processes.relay()
        whole.processes.worker()
        until(lambda: _succeeded(whole, feed["id"]) > min(taken - 1, 100), "what was taken is made", 60, 0.1)


def _succeeded(whole: Press, feed_id: str) -> int:
    counts = whole.http().get(f"/v1/feeds/{feed_id}").json()["counts"]
    assert counts["failed"] == 0
    return int(counts["succeeded"])


# -- a gigabyte ------------------------------------------------------------------------------------------

_PART = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
_BEFORE = (
    _PART.format("plan", "")
    + json.dumps({"outputs": [{"template": "seo-title"}], "params": {"n": 1}})
    + "\r\n"
    + _PART.format("feed", '; filename="products.csv"')
    + "id,title\nsku-1,Lamp\nsku-2,"
).encode()
_BEHIND = b"\nsku-3,Mug\n\r\n--x--\r\n"
_PLAIN, _LINES = b"x" * 65_536, (b"x" * 1_023 + b"\n") * 64


def body(cell: int, filling: bytes, quote: bytes = b"") -> Iterator[bytes]:
    """A form whose table has a cell of so many bytes; never more of it at once than one filling."""
    yield _BEFORE + quote
    for at in range(0, cell, len(filling)):
        yield filling[: cell - at]
    yield quote + _BEHIND


def sent(whole: Press, chunks: Iterator[bytes], length: int | None) -> tuple[int, dict[str, Any]]:
    """The status and the answer; where the front does not want all of it, what is left is not sent."""
    host, port = whole.url.removeprefix("http://").split(":")
    head = [
        "POST /v1/feeds HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {whole.key()}",
        "Content-Type: multipart/form-data; boundary=x",
        "Connection: close",
        "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}",
    ]
    with closing(socket.create_connection((host, int(port)), timeout=240)) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        try:
            for chunk in chunks:
                connection.sendall(chunk if length is not None else b"%x\r\n%s\r\n" % (len(chunk), chunk))
            if length is None:
                connection.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        while received := connection.recv(65_536):
            answer += received
    head_bytes, _, told = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split()[1]), json.loads(told)


def front_pids(whole: Press) -> list[str]:
    pid = str(whole.processes.named("front").pid)
    return [pid, *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_mb(whole: Press) -> float:
    statuses = (Path(f"/proc/{pid}/status").read_text() for pid in front_pids(whole))
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in statuses) / 1_024


def spooled(whole: Press) -> int:
    """Bytes of unnamed files of the front that are not gunicorn's own."""
    found = 0
    for pid in front_pids(whole)[1:]:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = os.readlink(descriptor)
                if "(deleted)" in target and "wgunicorn" not in target:
                    found += descriptor.stat().st_size
            except OSError:
                continue  # closed meanwhile
    return found


@contextmanager
def watched(whole: Press) -> Iterator[dict[str, float]]:
    """Another client of the front, and how much the front holds at most while it is answered."""
    seen: dict[str, float] = {"before": resident_mb(whole), "most": 0, "answers": 0}
    done = threading.Event()

    def look() -> None:
        with httpx.Client(
            base_url=whole.url, headers={"Authorization": f"Bearer {whole.key()}"}, timeout=60
        ) as other:
            while not done.wait(0.05):
                other.get("/v1/batches").raise_for_status()
                seen["answers"] += 1
                seen["most"] = max(seen["most"], resident_mb(whole))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seen
    finally:
        done.set()
        watching.join()


@pytest.mark.parametrize(
    ("filling", "quote", "size", "said"),
    [
        (_PLAIN, b"", GIGABYTE // 5, "Line 3: the row is longer than 1,048,576 bytes."),
        (_LINES, b'"', GIGABYTE, "Lines 3 to 976565: the row has a cell of more than 131,072 characters."),
    ],
    ids=["unquoted", "quoted"],
)
def test_a_cell_of_a_gigabyte_is_a_row_that_is_refused(
    fake_press: Press, filling: bytes, quote: bytes, size: int, said: str
) -> None:
    assert post(fake_press, b"id,title\n1,Lamp\n", {"outputs": [{"template": "seo-title"}]}).is_success
    length = len(_BEFORE + quote + quote + _BEHIND) + size
    with watched(fake_press) as seen:
        status, feed = sent(fake_press, body(size, filling, quote), length)
    assert (status, feed["pieces"], feed["counts"]["refused"]) == (202, 3, 1)
    assert seen["most"] - seen["before"] < MOST_GROWTH_MB
    assert seen["answers"] > 5, "others are served meanwhile"
    until(lambda: spooled(fake_press) == 0, "nothing is left of it on the disk")
    assert ended(fake_press, feed["id"])["succeeded"] == 2
    ((first,), (bad,), (last,)) = pieces(fake_press, feed["id"]).values()
    assert (bad.status, bad.error.message) == ("refused", said)
    assert (first.key, last.key) == ("sku-1", "sku-3")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_taken_up_to_its_limit_and_not_beyond(
    sqlite_url: str, redis_url: str, tmp_path: Path, chunked: bool
) -> None:
    cell = 8_000_000
    most = len(_BEFORE + _BEHIND) + cell
    with press(sqlite_url, redis_url, tmp_path, max_batch_bytes=most) as whole:
        whole.front()
        status, feed = sent(whole, body(cell, _PLAIN), None if chunked else most)
        assert status == 202, str(feed)
        assert (feed["pieces"], feed["counts"]["refused"]) == (3, 1)
        status, told = sent(whole, body(cell + 1, _PLAIN), None if chunked else most + 1)
        assert (status, told["code"]) == (413, "body_too_large")
        assert told["detail"] == f"The body is too large: at most {most:,} bytes are taken at this address."
        assert whole.rows("SELECT count(*) FROM batch") == 1
        until(lambda: spooled(whole) == 0, "nothing is left of it on the disk")


def test_a_body_over_the_limit_is_refused_before_it_is_read(fake_press: Press) -> None:
    with watched(fake_press) as seen:
        status, told = sent(fake_press, body(2 * GIGABYTE, _PLAIN), len(_BEFORE + _BEHIND) + 2 * GIGABYTE)
    assert (status, told["code"]) == (413, "body_too_large")
    assert "1,073,741,824 bytes" in told["detail"]
    assert seen["most"] - seen["before"] < MOST_GROWTH_MB
    assert fake_press.rows("SELECT count(*) FROM batch") == 0


def test_a_body_that_breaks_off_leaves_nothing(fake_press: Press) -> None:
    length = len(_BEFORE + _BEHIND) + 8_000_000
    host, port = fake_press.url.removeprefix("http://").split(":")
    head = f"POST /v1/feeds HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fake_press.key()}\r\n"
    head += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
    with closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        connection.sendall(head.encode() + _BEFORE + b"x" * 4_000_000)
        until(lambda: spooled(fake_press) > 0, "it lies on the disk")
    until(lambda: spooled(fake_press) == 0, "nothing is left of it on the disk")
    assert fake_press.rows("SELECT count(*) FROM batch") == 0
    assert fake_press.processes.tracebacks() == []
