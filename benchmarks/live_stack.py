"""A whole stack for a benchmark: real processes in a home of its own, with a client's key for it."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models import models_folder

from pressroom.client import Client
from pressroom.contract.jobs import JobView
from pressroom.settings import Settings
from pressroom.stack.stopping import Stopping
from pressroom.stack.up import RunningStack, running

_HOST = "127.0.0.1"


@contextmanager
def live_stack(**changes: Any) -> Iterator[RunningStack]:
    """Start everything on a free port; stop it and remove its home behind the block."""
    home = Path(tempfile.mkdtemp(prefix="pressroom-bench-"))
    settings = Settings(home=home, models_dir=models_folder(), host=_HOST, port=0, drain_s=5.0).model_copy(
        update=changes
    )
    try:
        with Stopping().installed() as stopping, running(settings, stopping, lambda said: None) as stack:
            if stack is None:
                raise SystemExit("Interrupted before everything was ready.")
            yield stack
    finally:
        shutil.rmtree(home, ignore_errors=True)


def key_for(stack: RunningStack, tenant: str) -> str:
    """A new API key of ``tenant``."""
    return stack.admin.keys.issue(tenant, "made by a benchmark").token


def run_all(address: str, keyed: Sequence[tuple[str, dict[str, Any]]], *, hands: int = 8) -> list[JobView]:
    """Post every (key, request) from ``hands`` threads at once, and wait until all have succeeded.

    Waiting costs little: one job is looked at, five times a second, until it has ended. Raises
    ``RuntimeError`` for a job that did not succeed.
    """
    clients = {key: Client(address, key) for key, _ in keyed}
    with ThreadPoolExecutor(hands) as pool:
        posted = list(pool.map(lambda pair: (pair[0], clients[pair[0]].submit(pair[1]).id), keyed))
    ended = [ended_job(clients[key], job_id) for key, job_id in posted]
    for client in clients.values():
        client.close()
    for job in ended:
        if job.status != "succeeded":
            raise RuntimeError(f"{job.id} ended {job.status}: {job.error}")
    return ended


def ended_job(client: Client, job_id: str, look_s: float = 0.2) -> JobView:
    """The job, once it has ended; it is looked at every ``look_s`` seconds."""
    while (job := client.job(job_id)).status in ("queued", "running"):
        time.sleep(look_s)
    return job


def span_s(jobs: Sequence[JobView]) -> float:
    """From the first job's arrival to the last one's end, by the database's clock."""
    last = max(job.timings.finished_at or 0 for job in jobs)
    return (last - min(job.timings.queued_at for job in jobs)) / 1000
