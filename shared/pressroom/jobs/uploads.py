"""Uploads: pictures that a tenant sends in, to be used by its jobs.

    bytes ──▶ decoded and written anew ──▶ artifact store ──▶ row

What is kept is never what was sent: only its pixels, as a PNG. The bytes lie in the artifact store
before the row names them; a row is gone before its bytes are.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pressroom.domain.errors import ArtifactsUnavailable, UploadUnknown
from pressroom.domain.ids import is_id, new_id
from pressroom.domain.times import wall_ms
from pressroom.jobs.ports import ArtifactStore
from pressroom.jobs.room import ENDLESS, Room, check_room
from pressroom.telemetry import get_logger

PREFIX = "upl"
"""Of ids."""

# Who finds an upload just before its end may have it kept for longer, and must not lose the race.
_GRACE_MS = 60_000


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture of pixels alone. ``content`` is a file of ``media_type``."""

    content: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that is kept until ``expires_at`` (milliseconds since the epoch); ``size`` in bytes."""

    id: str
    tenant: str
    media_type: str
    size: int
    sha256: str
    width: int
    height: int
    artifact: str
    created_at: int
    expires_at: int


class PictureCleaner(Protocol):
    """Makes a harmless picture of untrusted bytes."""

    def clean(self, given: bytes) -> CleanPicture:
        """Raises PictureInvalid, Busy."""


class UploadStore(Protocol):
    """Rows of uploads. Times are the caller's."""

    def add(self, upload: Upload) -> None: ...

    def find(self, tenant: str, upload_id: str) -> Upload:
        """Raises UploadUnknown, also for another tenant's."""

    def remove(self, tenant: str, upload_id: str) -> Upload:
        """Raises UploadUnknown. The upload as it was."""

    def keep(self, tenant: str, upload_id: str, until: int) -> Upload:
        """Let it not end before ``until``. Raises UploadUnknown. The upload as it is now."""

    def expired(self, now: int, limit: int = 100) -> tuple[Upload, ...]:
        """Those past their time, the oldest first."""


class Uploads:
    """Takes, shows and removes uploads. ``ttl_s``: how long one is kept. Thread-safe."""

    def __init__(
        self,
        store: UploadStore,
        artifacts: ArtifactStore,
        cleaner: PictureCleaner,
        *,
        ttl_s: int,
        wall_ms: Callable[[], int] = wall_ms,
        room: Room = ENDLESS,
    ) -> None:
        self._room = room
        self._store = store
        self._artifacts = artifacts
        self._cleaner = cleaner
        self._ttl_s = ttl_s
        self._wall_ms = wall_ms

    def take(self, tenant: str, given: bytes, keep_s: int | None = None) -> Upload:
        """Keep a picture, for ``keep_s`` seconds where that is said.

        Raises PictureInvalid, Busy, NoRoom, ArtifactsUnavailable, DatabaseUnavailable."""
        check_room(self._room)
        picture = self._cleaner.clean(given)
        now = self._wall_ms()
        upload_id = new_id(PREFIX)
        upload = Upload(
            id=upload_id,
            tenant=tenant,
            media_type=picture.media_type,
            size=len(picture.content),
            sha256=hashlib.sha256(picture.content).hexdigest(),
            width=picture.width,
            height=picture.height,
            artifact=upload_path(upload_id),
            created_at=now,
            expires_at=now + (self._ttl_s if keep_s is None else keep_s) * 1000,
        )
        self._artifacts.put(upload.artifact, picture.content, picture.media_type)
        try:
            self._store.add(upload)
        except Exception:
            # If the row is there all the same, the upload is one that cannot be read: nobody knows its id.
            drop_bytes(self._artifacts, upload)
            raise
        return upload

    def find(self, tenant: str, upload_id: str) -> Upload:
        """Raises UploadUnknown (also when its time is over), DatabaseUnavailable."""
        upload = self._picture(tenant, upload_id)
        if upload.expires_at <= self._wall_ms():
            raise unknown_upload()
        return upload

    def keep(self, tenant: str, upload_id: str, keep_s: int) -> Upload:
        """Let it not end within ``keep_s`` seconds. Raises UploadUnknown as ``find`` does, DatabaseUnavailable."""
        upload = self.find(tenant, upload_id)
        until = self._wall_ms() + keep_s * 1000
        return upload if upload.expires_at >= until else self._store.keep(tenant, upload_id, until)

    def content(self, upload: Upload) -> bytes:
        """Raises OutputUnknown, ArtifactsUnavailable."""
        return self._artifacts.get(upload.artifact)

    def remove(self, tenant: str, upload_id: str) -> None:
        """Raises UploadUnknown, ArtifactsUnavailable, DatabaseUnavailable."""
        upload = self._picture(tenant, upload_id)
        self._artifacts.erase(upload.id)
        self._store.remove(tenant, upload_id)

    def _picture(self, tenant: str, upload_id: str) -> Upload:
        """Also one whose time is over. Raises UploadUnknown, also for a file of lines; DatabaseUnavailable."""
        if not is_id(PREFIX, upload_id):
            raise unknown_upload()
        upload = self._store.find(tenant, upload_id)
        if not upload.media_type.startswith("image/"):
            raise unknown_upload()
        return upload


class UploadKeeping:
    """The relay's duty: what is past its time goes. Safe to do twice, at once."""

    def __init__(
        self, store: UploadStore, artifacts: ArtifactStore, *, wall_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._wall_ms = wall_ms

    def forget_expired(self) -> int:
        """Remove those past their time by a minute; how many. Raises DatabaseUnavailable."""
        done = 0
        for upload in self._store.expired(self._wall_ms() - _GRACE_MS):
            # The bytes first: a row without bytes is found again by the next call, bytes without a row never.
            if drop_bytes(self._artifacts, upload):
                try:
                    self._store.remove(upload.tenant, upload.id)
                except UploadUnknown:  # by another relay, or by its owner
                    continue
                done += 1
        return done


def drop_bytes(artifacts: ArtifactStore, upload: Upload) -> bool:
    """False: they lie there still."""
    try:
        artifacts.erase(upload.id)
    except ArtifactsUnavailable as error:
        get_logger(__name__).warning("upload_not_removed", upload=upload.id, reason=error.message)
        return False
    return True


def upload_path(upload_id: str) -> str:
    """Where its bytes lie in the artifact store."""
    return f"{upload_id}/1/0.png"


def unknown_upload() -> UploadUnknown:
    return UploadUnknown("There is no upload of this id; it may have been removed, or its time is over.")
