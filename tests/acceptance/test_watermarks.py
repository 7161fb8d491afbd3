"""Little room on the disk: nothing new is taken or begun, what runs is finished, and the reason is told."""

from pathlib import Path

import pytest
from tests.acceptance.press import press, text_body
from tests.acceptance.processes import until

pytestmark = [pytest.mark.redis, pytest.mark.timeout(90)]

# More than any disk here has.
FULL = "900000000"


def test_a_disk_that_is_nearly_full(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    with press(sqlite_url, redis_url, tmp_path, fake_step_s=0.005, worker_seen_s=5) as whole:
        front = whole.front()
        waiting = whole.post_text(max_tokens=4)
        whole.processes.worker("narrow", disk_low_mb=FULL)

        def told() -> str:
            return str(whole.client().job(waiting).blocked_reason)

        until(lambda: "MB are free" in told(), "the job says why it waits")
        assert whole.client().job(waiting).status == "queued"
        front.terminate()
        assert front.exit_status() == 0

        whole.processes.start("front", "pressroom.front", port=whole._port, disk_low_mb=FULL).event(
            "front_listens"
        )
        for path, sent in (
            ("/v1/jobs", {"json": text_body()}),
            ("/v1/batches", {"content": b"{}\n", "headers": {"Content-Type": "application/x-ndjson"}}),
            ("/v1/uploads", {"content": b"x", "headers": {"Content-Type": "image/png"}}),
        ):
            answer = whole.http().post(path, **sent)
            assert (answer.status_code, answer.json()["code"]) == (503, "no_room"), path
            assert "MB are free" in answer.json()["detail"]
            assert int(answer.headers["Retry-After"]) >= 1
        assert whole.rows("SELECT count(*) FROM job") == 1
        assert whole.rows("SELECT count(*) FROM batch") == 0
        # What was accepted before is looked at, runs where there is room, and is fetched.
        whole.processes.worker("wide")
        assert whole.client().wait(waiting, 30).status == "succeeded"
