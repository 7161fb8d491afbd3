"""What a scrape of real processes says: exact sums, lanes as they are, and nothing of the dead."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.acceptance.press import press
from tests.acceptance.processes import until
from tests.services.ports import free_port

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(90)]

Samples = dict[tuple[str, ...], float]


def _scraped(*ports: int) -> Samples:
    """All samples of these processes, added up as Prometheus would; by name and label values."""
    found: Samples = {}
    for port in ports:
        told = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text
        for family in text_string_to_metric_families(told):
            for sample in family.samples:
                key = (sample.name, *(sample.labels[name] for name in sorted(sample.labels)))
                found[key] = found.get(key, 0) + sample.value
    return found


def test_the_sums_over_all_processes_are_right(postgres_url: str, redis_url: str, tmp_path: Path) -> None:
    with press(postgres_url, redis_url, tmp_path, fake_step_s=0.005, errors_limit=1, lease_s=60) as whole:
        whole.front()
        relay, first, second = free_port(), free_port(), free_port()
        for _ in range(3):
            whole.post_text(tenant="bolt", max_tokens=4)
        whole.post_text(tenant="acme", max_tokens=4)
        whole.processes.relay(metrics_port=str(relay))

        def lanes() -> dict[str, float]:
            told = _scraped(relay)
            return {key[2]: value for key, value in told.items() if key[0] == "pressroom_lane_queued"}

        until(lambda: lanes() == {"acme": 1, "bolt": 3}, "the lanes are told")
        told = _scraped(relay)
        assert told["pressroom_jobs", "text", "queued"] == 4
        assert told["pressroom_lane_oldest_seconds", "text", "bolt"] > 0

        whole.processes.worker("first", metrics_port=str(first))
        whole.processes.worker("second", metrics_port=str(second))
        failing = [whole.post_text("<fail> now", max_tokens=4) for _ in range(2)]
        canceled = whole.post_text(max_tokens=2_000)
        until(lambda: whole.client().job(canceled).status == "running", "it runs")
        whole.client().cancel(canceled)
        for job_id in (*failing, canceled):
            whole.client().wait(job_id, 30)
        open_jobs = "SELECT count(*) FROM job WHERE finished_at IS NULL"
        until(lambda: whole.rows(open_jobs) == 0, "all have ended")

        def over() -> dict[str, float]:
            told = _scraped(first, second)
            return {key[2]: value for key, value in told.items() if key[0] == "pressroom_attempts_over_total"}

        # It is counted behind the commit.
        until(lambda: over() == {"succeeded": 4, "failed": 2, "canceled": 1}, f"the sums: {over()}")
        occupancy = _scraped(first, second)["pressroom_batch_occupancy_count", "text"]
        assert occupancy > 0
        until(lambda: lanes() == {}, "lanes that are empty are told no more")
