"""Builds a worker's parts: its stores, its place in Redis, and the engines of its pool."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pressroom.adapters.redis.nudges import RedisNudgeListener
from pressroom.bootstrap.queue import open_cache, open_events, redis_url
from pressroom.bootstrap.stores import disk_room, open_artifacts, open_job_store
from pressroom.catalog.catalog import Catalog, Kept
from pressroom.catalog.files import BuiltMarker, read_marker
from pressroom.catalog.manifest import Manifest
from pressroom.domain.errors import ModelCorrupt, ModelUnknown
from pressroom.domain.retry import RetryPolicy
from pressroom.engines.base import Engine
from pressroom.jobs.judging import Likeness
from pressroom.jobs.nudges import NudgeListener
from pressroom.jobs.ports import ArtifactStore, EventLog, JobStore, ResultCache
from pressroom.jobs.room import Room
from pressroom.settings import Settings

Pool = Literal["text", "image"]

_ALL = "*"


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker is made of. ``listen`` gives the nudges to its argument, once it is started; ``served`` tells the models
    of this moment; ``open_engine`` gives the house of their engines, which loads weights when it is warmed up. ``likeness`` tells how
    near texts are to their facts."""

    store: JobStore
    artifacts: ArtifactStore
    events: EventLog
    cache: ResultCache
    redis_url: str
    room: Room
    listen: Callable[[Callable[[frozenset[str]], None]], NudgeListener]
    policy: RetryPolicy
    served: Callable[[], tuple[Manifest, ...]]
    open_engine: Callable[[], Engine]
    likeness: Likeness


def worker_parts(settings: Settings, pool: Pool) -> WorkerParts:
    """Raises RedisNotNamed, ModelUnknown, DatabaseUnavailable, ArtifactsUnavailable."""
    catalog = Catalog.load(settings.zoo_dir, settings.models)
    asked = Asked(settings, pool, catalog)
    first = catalog.kept(asked.first)
    return WorkerParts(
        store=open_job_store(settings),
        artifacts=open_artifacts(settings),
        events=open_events(settings),
        cache=open_cache(settings),
        redis_url=redis_url(settings),
        room=disk_room(settings),
        listen=lambda heard: RedisNudgeListener(redis_url(settings), heard),
        policy=RetryPolicy(errors_limit=settings.errors_limit),
        served=lambda: tuple(kept.manifest for kept in asked.served()),
        open_engine=lambda: _house(settings, pool, asked, first),
        likeness=_likeness(settings, pool, asked),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The models that a worker of a pool is to serve, by its settings. Raises ModelUnknown for one that is not there."""

    settings: Settings
    pool: Pool
    catalog: Catalog

    def __post_init__(self) -> None:
        for name in self._names:
            if name != _ALL:
                self.catalog.find(name)

    @property
    def first(self) -> str:
        return self.settings.text_model if self.pool == "text" else self.settings.image_model

    def served(self) -> tuple[Kept, ...]:
        """Every version of each that can be opened here now."""
        return tuple(
            kept
            for kept in self.catalog.every_version()
            if kept.manifest.pool == self.pool and self._is_wanted(kept.manifest) and self._is_here(kept)
        )

    def by_hash(self, sha256: str) -> Kept:
        """Raises ModelUnknown where it has gone meanwhile."""
        for kept in self.catalog.every_version():
            if kept.manifest.sha256 == sha256 and kept.manifest.pool == self.pool:
                return kept
        raise ModelUnknown("The version that this job was accepted for is not on this machine any more.")

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.first, *self._more, *self._readers)

    @property
    def _more(self) -> tuple[str, ...]:
        """Beside the first, of its kind."""
        return _listed(self.settings.text_models if self.pool == "text" else self.settings.image_models)

    @property
    def _readers(self) -> tuple[str, ...]:
        return _listed(self.settings.reading_models) if self.pool == "text" else ()

    def _is_wanted(self, manifest: Manifest) -> bool:
        asked = (self.first, *self._more) if manifest.kind == self.pool else self._readers
        names = {name.partition("@")[0] for name in asked}
        return _ALL in names or manifest.name in names

    def _is_here(self, kept: Kept) -> bool:
        """The weights of a text model are built here, or they are not; that of the first is told when it is opened. Others
        are shipped, unless they have a source."""
        manifest = kept.manifest
        if self.settings.engine == "fake" or manifest.name == self.first.partition("@")[0]:
            return True
        return bool(_built(kept)) if manifest.kind == "text" or manifest.source is not None else True


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _house(settings: Settings, pool: Pool, asked: Asked, first: Kept) -> Engine:
    """All of them behind one seam; the first is opened when it is warmed up."""
    from pressroom.engines.house import EngineHouse

    def room_of(sha256: str) -> int:
        return _room(settings, pool, asked.by_hash(sha256))

    ceiling = settings.models_bytes or max(_memory() * 3 // 4, _room(settings, pool, first))
    return EngineHouse(
        lambda sha256: _engine(settings, pool, asked.by_hash(sha256)),
        room_of,
        first=first.manifest.sha256,
        ceiling=ceiling,
    )


def _room(settings: Settings, pool: Pool, kept: Kept) -> int:
    """Bytes of memory of an open model: its weights, and what a text engine may keep beside them."""
    if settings.engine == "fake":
        return 0
    weights = max((sum(mark.size for mark in built.files.values()) for built in _built(kept)), default=0)
    if kept.manifest.kind != "text":
        return weights or kept.manifest.size
    return weights + settings.text_kv_bytes + settings.text_prefix_bytes


def _built(kept: Kept) -> list[BuiltMarker]:
    """What says of each weight format that it is whole; one that cannot be read is told when it is opened."""
    found = []
    for path in sorted(kept.folder.glob("*.built.json")):
        with suppress(ModelCorrupt):
            found.append(read_marker(path))
    return found


def _memory() -> int:
    """Bytes of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _engine(settings: Settings, pool: Pool, kept: Kept) -> Engine:
    if settings.engine == "fake":
        return _fake(settings, pool, kept.manifest)
    match kept.manifest.kind:
        case "text":
            return _text(settings, kept)
        case "image":
            return _image(settings, kept)
    return _reading(settings, kept)


# Each engine is imported where it is opened: a worker loads the libraries of its own kind only.
def _text(settings: Settings, kept: Kept) -> Engine:
    from pressroom.engines.text.opening import open_text_engine

    return open_text_engine(
        kept.folder,
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
    from pressroom.engines.cores import cores

    return cores()


def _image(settings: Settings, kept: Kept) -> Engine:
    from pressroom.engines.image.opening import open_image_engine

    return open_image_engine(
        kept.folder,
        kept.manifest,
        provider=settings.provider,
        allow_cpu_fallback=settings.cpu_fallback,
        threads=settings.image_threads,
        max_batch=settings.image_batch,
        gather_ms=settings.image_gather_ms,
    )


def _reading(settings: Settings, kept: Kept) -> Engine:
    from pressroom.engines.reading.opening import open_reading_engine

    return open_reading_engine(
        kept.folder,
        kept.manifest,
        provider=settings.provider,
        allow_cpu_fallback=settings.cpu_fallback,
        threads=text_threads(settings),
    )


def _likeness(settings: Settings, pool: Pool, asked: Asked) -> Likeness:
    """By the first embedding model that lies here, else by words in common."""
    from pressroom.jobs.judging import by_words

    if pool == "image" or settings.engine == "fake":
        return by_words
    found = next((kept for kept in asked.served() if kept.manifest.kind == "embedding"), None)
    if found is None:
        return by_words
    from pressroom.engines.reading.likeness import EmbeddedLikeness
    from pressroom.engines.reading.opening import open_embedder

    return EmbeddedLikeness(lambda: open_embedder(found.folder, found.manifest))


def _fake(settings: Settings, pool: Pool, manifest: Manifest) -> Engine:
    from pressroom.engines.fake.engine import FakeEngine, faults_by_words

    slots = settings.text_slots if pool == "text" else settings.image_batch
    width = manifest.reading.width if manifest.reading is not None else 0
    return FakeEngine(
        model=manifest.name,
        slots=slots,
        step_seconds=settings.fake_step_s,
        faults=faults_by_words,
        width=width,
    )
