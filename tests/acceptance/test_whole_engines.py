"""The promises that only the real engines can keep: micro-batches, and texts that do not depend on company."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.acceptance.press import Press, cut_after_each, image_body, press, stored, text_body, told
from tests.acceptance.processes import until
from tests.services.ports import free_port

from pressroom.contract.jobs import JobView

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]


def test_single_pictures_of_two_tenants_share_micro_batches(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    port = free_port()
    with press(database_url, redis_url, tmp_path, engine="real") as whole:
        worker = whole.processes.worker(pool="image", metrics_port=str(port))
        whole.front()
        _run_pictures(whole, 1)
        before = _step_counters(port)

        # Frozen while they are posted: how fast this machine takes them in is not asked here.
        worker.signal(signal.SIGSTOP)
        jobs = _run_pictures(whole, 64, when_posted=lambda: worker.signal(signal.SIGCONT))

        after = _step_counters(port)
        steps, pictures = (now - then for now, then in zip(after, before, strict=True))
        for job_id, tenant in jobs:
            content = whole.http(tenant).get(f"/v1/jobs/{job_id}/outputs/0").content
            assert content.startswith(b"\x89PNG")
        assert pictures == 64
        assert pictures / steps >= 8


def _run_pictures(
    whole: Press, count: int, when_posted: Callable[[], None] = lambda: None
) -> list[tuple[str, str]]:
    """Post single pictures of two tenants at once; (job, tenant) of each, when all have succeeded."""
    tenants = [("acme", "bolt")[number % 2] for number in range(count)]
    clients = [whole.http(tenant) for tenant in tenants]

    def post(number: int) -> str:
        answer = clients[number].post("/v1/jobs", json=image_body(seed=number))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(count) as at_once:
        ids = list(at_once.map(post, range(count)))
    when_posted()
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


@pytest.fixture
def real_text(text_model: Path, sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    """A front and a text worker with the default model."""
    with press(sqlite_url, redis_url, tmp_path, engine="real", models_dir=str(text_model.parent)) as whole:
        whole.front()
        whole.processes.worker()
        yield whole


@pytest.mark.model
def test_a_text_is_the_same_alone_and_in_company(real_text: Press) -> None:
    bodies = [
        text_body(
            "Write one line about a blue mug." + " It is on sale today." * number,
            max_tokens=12 + number % 5,
            temperature=0.8,
            seed=number,
        )
        for number in range(16)
    ]
    client = real_text.client()
    alone = [_text(real_text, client.wait(client.submit(body).id, 60)) for body in bodies]

    with ThreadPoolExecutor(16) as at_once:
        ids = list(at_once.map(lambda body: client.submit(body).id, bodies))
        together = [_text(real_text, job) for job in at_once.map(lambda job_id: client.wait(job_id, 60), ids)]

    assert together == alone
    assert len(set(alone)) == 16, "the test is about sixteen texts"
    timings = [client.job(job_id).timings for job_id in ids]
    last_start = max(timing.started_at or 0 for timing in timings)
    assert last_start < sorted(timing.finished_at or 0 for timing in timings)[8], "they were in company"


@pytest.mark.model
def test_cut_after_every_event_of_a_real_text(real_text: Press) -> None:
    job_id = real_text.post_text(
        "Reply in French, with emoji: a café. ☕", max_tokens=32, n=2, temperature=1.2
    )

    events = cut_after_each(real_text, job_id)

    assert told(events) == stored(real_text.http(), job_id)
    assert len(events) > 20


def _text(whole: Press, job: JobView) -> bytes:
    assert job.status == "succeeded", job.error
    (text,) = stored(whole.http(), job)
    return text
