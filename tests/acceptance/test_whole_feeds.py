"""Feeds through all of it: every process killed in the middle, each piece from its own row, once, and out in order."""

import csv
import io
import json
from typing import Any

import pytest
from tests.acceptance.press import Press, press
from tests.acceptance.processes import until

pytestmark = [pytest.mark.redis, pytest.mark.timeout(180)]

ROWS = 100
PLAN = {
    "outputs": [{"template": "seo-title"}, {"template": "meta-description"}],
    "params": {"n": 1},
}


def table() -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "title", "material"])
    writer.writerows([f"sku-{n}", f"Mug {n}, “large”", "stoneware\nand oak"] for n in range(ROWS))
    return out.getvalue()


def succeeded(whole: Press, feed_id: str) -> int:
    counts: dict[str, int] = whole.http().get(f"/v1/feeds/{feed_id}").json()["counts"]
    return counts["succeeded"]


def post(whole: Press) -> dict[str, Any]:
    answer = whole.http().post(
        "/v1/feeds",
        data={"plan": json.dumps(PLAN)},
        files={"feed": ("products.csv", table().encode(), "text/csv")},
        headers={"Idempotency-Key": "spring"},
    )
    assert answer.status_code in (200, 202), answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_feed_goes_on_behind_every_kill(database_url: str, redis_url: str, tmp_path: Any) -> None:
    with press(database_url, redis_url, tmp_path, fake_step_s=0.02, max_queued_lane=60) as whole:
        front, relay, worker = whole.front(), whole.processes.relay(), whole.processes.worker()
        feed = post(whole)
        assert (feed["pieces"], feed["counts"]["refused"]) == (2 * ROWS, 0)
        until(lambda: succeeded(whole, feed["id"]) > 30, "it runs")
        front.kill()
        whole.front()
        before = succeeded(whole, feed["id"])
        relay.kill()
        whole.processes.relay("second-relay")
        until(lambda: succeeded(whole, feed["id"]) > before + 30, "it goes on")
        worker.kill()
        assert succeeded(whole, feed["id"]) < 2 * ROWS, "each was killed while it ran"
        whole.processes.worker("second-worker")
        until(lambda: succeeded(whole, feed["id"]) == 2 * ROWS, "all of it is made", 90, 0.1)

        client = whole.client()
        pieces = list(client.feeds.pieces(feed["id"]))
        assert [(each.n, each.row, each.key) for each in pieces] == [
            (n + 1, n // 2 + 1, f"sku-{n // 2}") for n in range(2 * ROWS)
        ]
        assert whole.rows("SELECT count(*) FROM job") == 2 * ROWS, "each row once"
        for piece in pieces[:: ROWS // 10]:
            writing = client.job(piece.job_id or "").input.writing
            assert writing is not None
            assert writing.facts["title"] == f"Mug {piece.row - 1}, “large”"
        text = client.feeds.export(feed["id"], which="all").decode("utf-8-sig")
        assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == [f"sku-{n}" for n in range(ROWS)]
        assert post(whole)["id"] == feed["id"], "the same key is the same feed, behind the kills too"
