"""Builds a worker's parts: its stores, its place in Redis, and the engine of its pool."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pressroom.adapters.redis.nudges import RedisNudgeListener
from pressroom.bootstrap.queue import open_cache, open_events, redis_url
from pressroom.bootstrap.stores import disk_room, open_artifacts, open_job_store
from pressroom.catalog.catalog import MANIFEST_FILE, Catalog, zoo_folder
from pressroom.catalog.manifest import Manifest
from pressroom.domain.retry import RetryPolicy
from pressroom.engines.base import Engine
from pressroom.jobs.nudges import NudgeListener
from pressroom.jobs.ports import ArtifactStore, EventLog, JobStore, ResultCache
from pressroom.jobs.room import Room
from pressroom.settings import Settings

Pool = Literal["text", "image"]


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker is made of. ``listen`` gives the nudges to its argument, once it is started;
    ``open_engine`` loads the weights, so it is called last."""

    store: JobStore
    artifacts: ArtifactStore
    events: EventLog
    cache: ResultCache
    redis_url: str
    room: Room
    listen: Callable[[Callable[[frozenset[str]], None]], NudgeListener]
    policy: RetryPolicy
    manifest: Manifest
    open_engine: Callable[[], Engine]


def worker_parts(settings: Settings, pool: Pool) -> WorkerParts:
    """Raises RedisNotNamed, ModelUnknown, DatabaseUnavailable, ArtifactsUnavailable."""
    name = settings.text_model if pool == "text" else settings.image_model
    manifest = Catalog.load(settings.zoo_dir, settings.models).find(name)
    return WorkerParts(
        store=open_job_store(settings),
        artifacts=open_artifacts(settings),
        events=open_events(settings),
        cache=open_cache(settings),
        redis_url=redis_url(settings),
        room=disk_room(settings),
        listen=lambda heard: RedisNudgeListener(redis_url(settings), heard),
        policy=RetryPolicy(errors_limit=settings.errors_limit),
        manifest=manifest,
        open_engine=lambda: _engine(settings, pool, manifest),
    )


def _engine(settings: Settings, pool: Pool, manifest: Manifest) -> Engine:
    if settings.engine == "fake":
        return _fake(settings, pool, manifest)
    return _text(settings, manifest) if pool == "text" else _image(settings, manifest)


# Each engine is imported where it is opened: a worker loads the libraries of its own kind only.
def _text(settings: Settings, manifest: Manifest) -> Engine:
    from pressroom.engines.text.opening import open_text_engine

    return open_text_engine(
        _folder(settings, manifest),
        variant=settings.text_variant or None,
        provider=settings.provider,
        allow_cpu_fallback=settings.cpu_fallback,
        threads=text_threads(settings),
        kernels=settings.text_kernels,
        slots=settings.text_slots,
        slot_tokens=settings.text_slot_tokens,
        kv_budget_bytes=settings.text_kv_bytes,
        prefix_bytes=settings.text_prefix_bytes,
    )


def text_threads(settings: Settings) -> int:
    """Of the text engine: as asked, else one a core that this process may use, where the system tells."""
    if settings.text_threads:
        return settings.text_threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _image(settings: Settings, manifest: Manifest) -> Engine:
    from pressroom.engines.image.engine import open_image_engine

    return open_image_engine(
        _folder(settings, manifest),
        manifest,
        provider=settings.provider,
        allow_cpu_fallback=settings.cpu_fallback,
        threads=settings.image_threads,
        max_batch=settings.image_batch,
        gather_ms=settings.image_gather_ms,
    )


def _fake(settings: Settings, pool: Pool, manifest: Manifest) -> Engine:
    from pressroom.engines.fake.engine import FakeEngine, faults_by_words

    slots = settings.text_slots if pool == "text" else settings.image_batch
    return FakeEngine(
        model=manifest.name, slots=slots, step_seconds=settings.fake_step_s, faults=faults_by_words
    )


def _folder(settings: Settings, manifest: Manifest) -> Path:
    """Where the model's files lie: built on this machine, else shipped."""
    built = settings.models / manifest.name
    return built if (built / MANIFEST_FILE).is_file() else zoo_folder(settings.zoo_dir) / manifest.name
