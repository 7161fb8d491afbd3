"""The promises that only the real engines can keep: micro-batches, and texts that do not depend on company."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.acceptance.press import Press, image_body, press
from tests.acceptance.processes import until
from tests.services.valkey import free_port

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]


def test_single_pictures_of_two_tenants_share_micro_batches(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    port = free_port()
    with press(sqlite_url, redis_url, tmp_path, engine="real") as whole:
        whole.processes.worker(pool="image", metrics_port=str(port))
        whole.front()
        _run_pictures(whole, 1)
        before = _step_counters(port)

        jobs = _run_pictures(whole, 64)

        after = _step_counters(port)
        steps, pictures = (now - then for now, then in zip(after, before, strict=True))
        for job_id, tenant in jobs:
            content = whole.http(tenant).get(f"/v1/jobs/{job_id}/outputs/0").content
            assert content.startswith(b"\x89PNG")
        assert pictures == 64
        assert pictures / steps >= 8


def _run_pictures(whole: Press, count: int) -> list[tuple[str, str]]:
    """Post single pictures of two tenants at once; (job, tenant) of each, when all have succeeded."""
    tenants = [("acme", "bolt")[number % 2] for number in range(count)]
    clients = [whole.http(tenant) for tenant in tenants]

    def post(number: int) -> str:
        answer = clients[number].post("/v1/jobs", json=image_body(seed=number))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(count) as at_once:
        ids = list(at_once.map(post, range(count)))
    until(lambda: whole.rows("SELECT count(*) FROM job WHERE state <> 'succeeded'") == 0, "all are drawn", 60)
    return list(zip(ids, tenants, strict=True))


def _step_counters(port: int) -> tuple[float, float]:
    """(micro-batches, pictures) of the image worker so far, as its /metrics tells."""
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text.splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return (
        float(samples['pressroom_step_seconds_count{pool="image"}']),
        float(samples['pressroom_attempts_total{ending="done",pool="image"}']),
    )
