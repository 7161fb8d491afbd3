"""A small pressroom of real parts for tests of worker and relay: SQLite, Valkey, files, no front."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.acceptance.processes import Processes, processes, until
from tests.support.jobs import new_job

from pressroom.bootstrap.queue import open_cache, open_events, open_tickets
from pressroom.bootstrap.stores import open_artifacts, open_database, open_job_store
from pressroom.catalog.catalog import Catalog
from pressroom.contract.events import Delta, End
from pressroom.domain.job import Job, PinnedModel
from pressroom.domain.states import State
from pressroom.jobs.ports import Numbered, QueueLimits
from pressroom.settings import Settings


class Room:
    """Submits jobs as a front would, and looks at what became of them."""

    def __init__(self, settings: Settings, group: Processes) -> None:
        self.settings = settings
        self.processes = group
        self.database = open_database(settings)
        self.store = open_job_store(settings, self.database)
        self.events = open_events(settings)
        self.cache = open_cache(settings)
        self.tickets = open_tickets(settings)
        self.artifacts = open_artifacts(settings)
        catalog = Catalog.load(settings.zoo_dir, settings.models)
        self._manifests = {
            "text": catalog.find(settings.text_model),
            "image": catalog.find(settings.image_model),
        }

    def submit(self, kind: str = "text", *, wake: bool = True, tenant: str = "acme", **changes: Any) -> Job:
        manifest = self._manifests[kind]
        params = changes.pop("params", {"max_tokens": 20, "seed": 7} if kind == "text" else {"seed": 7})
        new = new_job(
            tenant,
            model=PinnedModel(manifest.name, manifest.version, manifest.sha256),
            kind=kind,
            pool=kind,
            params=params,
        )
        job = self.store.submit(replace(new, **changes), None, QueueLimits()).job
        if wake:
            self.tickets.send(kind)
        return job

    def job(self, job: Job) -> Job:
        (found,) = self.store.find([job.id])
        return found

    def ended(self, job: Job, timeout_s: float = 30.0) -> Job:
        """The job, once it has ended."""
        until(lambda: self.job(job).terminal, f"{job.id} ends; it is {self.job(job)}", timeout_s)
        return self.job(job)

    def running(self, job: Job, timeout_s: float = 30.0) -> Job:
        """The job, once a worker has told of it."""
        until(lambda: self.job(job).state is State.RUNNING, f"{job.id} runs", timeout_s)
        until(lambda: self.told(job), f"{job.id} writes", timeout_s)
        return self.job(job)

    def heard(self, job: Job) -> list[Numbered]:
        """All events of a job that are in Redis now."""
        return self.events.read({job.id: (0, 0)}, 0.01).get(job.id, [])

    def told(self, job: Job) -> list[Delta]:
        return [event.event for event in self.heard(job) if isinstance(event.event, Delta)]

    def end_of(self, job: Job) -> End:
        """The end event, which follows the commit."""

        def look() -> list[End]:
            return [event.event for event in self.heard(job) if isinstance(event.event, End)]

        return until(look, f"the end of {job.id} is told")[-1]

    def close(self) -> None:
        self.store.close()
        for client in (self.events, self.cache, self.tickets):
            client.close()


# For a worker that is to be stopped in the middle of a job: at this pace no job of 200 words ends by
# itself before a slow machine has come round to stopping it, and whoever goes on with it is quick.
UNHURRIED = {"fake_step_s": "0.2"}


@contextmanager
def room(database_url: str, redis_url: str, folder: Path, **settings: Any) -> Iterator[Room]:
    """A room with the fake engine, short times, and no process yet; keyword arguments are settings."""
    wanted: dict[str, Any] = {
        "home": str(folder / "home"),
        "database_url": database_url,
        "redis_url": redis_url,
        "engine": "fake",
        "fake_step_s": 0.005,
        "lease_s": 2.0,
        "drain_s": 0.2,
        **settings,
    }
    environment = {f"PRESSROOM_{name.upper()}": str(value) for name, value in wanted.items()}
    with processes(_clean(environment), folder) as group:
        made = Room(Settings(**wanted), group)
        try:
            yield made
        finally:
            made.close()


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "PRESSROOM_LOG_FORMAT": "json"}
