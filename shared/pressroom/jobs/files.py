"""Files of lines that a tenant sends in before a batch is made of them. They are uploads that are no pictures.

    bytes, as they come ──▶ pieces in the artifact store ──▶ row

Memory is that of a piece, however long the file is.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from pressroom.domain.errors import UploadUnknown
from pressroom.domain.ids import is_id, new_id
from pressroom.domain.times import wall_ms
from pressroom.jobs.ports import ArtifactStore
from pressroom.jobs.room import ENDLESS, Room, check_room
from pressroom.jobs.uploads import PREFIX, Upload, UploadStore, drop_bytes

MEDIA_TYPE = "application/x-ndjson"
PIECE = 1 << 20
"""Bytes of a piece; the last one may be shorter."""


class Files:
    """Takes, shows and removes files. ``ttl_s``: how long one is kept. Thread-safe."""

    def __init__(
        self,
        store: UploadStore,
        artifacts: ArtifactStore,
        *,
        ttl_s: int,
        wall_ms: Callable[[], int] = wall_ms,
        room: Room = ENDLESS,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._ttl_s = ttl_s
        self._wall_ms = wall_ms
        self._room = room

    def take(self, tenant: str, chunks: Iterable[bytes]) -> Upload:
        """Keep a file, whole or not at all.

        Raises NoRoom, ArtifactsUnavailable, DatabaseUnavailable, and whatever ``chunks`` raises."""
        check_room(self._room)
        now = self._wall_ms()
        file_id = new_id(PREFIX)
        digest, size = hashlib.sha256(), 0
        file = Upload(
            file_id, tenant, MEDIA_TYPE, 0, "", 0, 0, _path(file_id, 0), now, now + self._ttl_s * 1000
        )
        try:
            for number, piece in enumerate(_pieces(chunks)):
                digest.update(piece)
                size += len(piece)
                self._artifacts.put(_path(file_id, number), piece, MEDIA_TYPE)
            file = replace(file, size=size, sha256=digest.hexdigest())
            self._store.add(file)
        except BaseException:
            drop_bytes(self._artifacts, file)
            raise
        return file

    def find(self, tenant: str, file_id: str) -> Upload:
        """Raises UploadUnknown (also when its time is over, and for a picture), DatabaseUnavailable."""
        if not is_id(PREFIX, file_id):
            raise _unknown()
        found = self._store.find(tenant, file_id)
        if found.media_type != MEDIA_TYPE or found.expires_at <= self._wall_ms():
            raise _unknown()
        return found

    def content(self, file: Upload) -> Iterator[bytes]:
        """Piece by piece. Each may raise OutputUnknown (removed meanwhile), ArtifactsUnavailable."""
        for number in range(-(-file.size // PIECE)):
            yield self._artifacts.get(_path(file.id, number))

    def remove(self, tenant: str, file_id: str) -> None:
        """Raises UploadUnknown, ArtifactsUnavailable, DatabaseUnavailable."""
        file = self.find(tenant, file_id)
        self._artifacts.erase(file.id)
        self._store.remove(tenant, file.id)


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, ``PIECE`` of them at a time."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _path(file_id: str, number: int) -> str:
    return f"{file_id}/1/{number}.jsonl"


def _unknown() -> UploadUnknown:
    return UploadUnknown("There is no file of this id; it may have been removed, or its time is over.")
