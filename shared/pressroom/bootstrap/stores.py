"""The database and the artifact store that the settings name."""

import os
import urllib.parse
from pathlib import Path

from sqlalchemy import make_url

from pressroom.adapters.files import FileArtifacts
from pressroom.adapters.host.disk import DiskRoom
from pressroom.adapters.sql.batches import SqlBatchStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.adapters.sql.requeues import SqlRequeueStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.domain.errors import ArtifactsUnavailable
from pressroom.jobs.ports import ArtifactStore, QueueLimits
from pressroom.settings import Settings


def open_database(settings: Settings, *, process: str = "pressroom") -> Database:
    """The database, shared by the stores of a process; nothing is connected yet.

    ``process`` is what PostgreSQL shows as the connection's name. Raises DatabaseUnavailable for a
    URL that cannot work."""
    return Database(open_engine(settings.database, process=process))


def open_job_store(settings: Settings, database: Database | None = None) -> SqlJobStore:
    """The job store over ``database``, or over one of its own."""
    return SqlJobStore(
        database or open_database(settings),
        lease_ms=round(settings.lease_s * 1000),
        worker_seen_ms=round(settings.worker_seen_s * 1000),
        sweep_ms=round(settings.sweep_s * 1000),
    )


def open_requeue_store(database: Database, jobs: SqlJobStore) -> SqlRequeueStore:
    """The requeues over ``database``; they count into the same bounds as the submits of ``jobs``."""
    return SqlRequeueStore(database, jobs.admission)


def open_batch_store(settings: Settings, database: Database) -> SqlBatchStore:
    """The batch store over ``database``."""
    return SqlBatchStore(database, lease_ms=round(settings.lease_s * 1000))


def disk_room(settings: Settings) -> DiskRoom:
    """The disks of this machine that jobs are written to: the artifact folder's, and SQLite's."""
    artifacts = _folder(settings)
    folders = [artifacts] if artifacts is not None else []
    database = make_url(settings.database)
    if database.get_backend_name() == "sqlite" and database.database:
        folders.append(Path(database.database).parent)
    return DiskRoom(folders, settings.disk_low_mb * 1_000_000)


def queue_limits(settings: Settings) -> QueueLimits:
    """The bounds of the queue, for who submits and for who lets batches in."""
    return QueueLimits(settings.max_queued_lane, settings.max_queued_pool, settings.max_queued_total)


def open_key_store(settings: Settings, database: Database | None = None) -> SqlKeyStore:
    """The key store over ``database``, or over one of its own."""
    return SqlKeyStore(database or open_database(settings))


def open_artifacts(settings: Settings) -> ArtifactStore:
    """The artifact store: a folder (``file:///path``) or a bucket (``s3://bucket/prefix``).

    A folder goes with SQLite, since then all processes run on this machine. With PostgreSQL they
    may run on several, where a front would look for a picture on the wrong one: there a folder is
    taken only when it is declared to be the same on all of them. Raises ArtifactsUnavailable."""
    url = urllib.parse.urlsplit(settings.artifacts)
    if url.scheme == "s3" and url.netloc:
        from pressroom.adapters.s3 import S3Artifacts

        return S3Artifacts(url.netloc, urllib.parse.unquote(url.path), endpoint_url=settings.s3_endpoint_url)
    folder = _folder(settings)
    if folder is not None:
        one_machine = settings.database.startswith("sqlite")
        if not one_machine and not settings.artifacts_shared:
            raise ArtifactsUnavailable(
                "With PostgreSQL, workers and fronts may run on several machines, but the artifact store "
                "is a folder of this one. Set PRESSROOM_ARTIFACTS_URL=s3://…, or, if the folder is the "
                "same on all machines (or there is only this one), PRESSROOM_ARTIFACTS_SHARED=true."
            )
        return FileArtifacts(folder)
    raise ArtifactsUnavailable(
        "PRESSROOM_ARTIFACTS_URL cannot be read; it looks like file:///path/to/folder or s3://bucket/prefix."
    )


def _folder(settings: Settings) -> Path | None:
    """Where artifacts lie if that is a folder of this machine."""
    url = urllib.parse.urlsplit(settings.artifacts)
    if url.scheme != "file" or url.netloc not in ("", "localhost") or not url.path.startswith("/"):
        return None
    return Path(os.fsdecode(urllib.parse.unquote_to_bytes(url.path)))
