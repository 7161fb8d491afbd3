"""``MemoryUploadStore``: rows of uploads in memory."""

import threading
from dataclasses import replace

from pressroom.jobs.uploads import Upload, unknown_upload


class MemoryUploadStore:
    """The port ``UploadStore`` in one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, Upload] = {}

    def add(self, upload: Upload) -> None:
        with self._lock:
            self._rows[upload.id] = upload

    def find(self, tenant: str, upload_id: str) -> Upload:
        with self._lock:
            found = self._rows.get(upload_id)
        if found is None or found.tenant != tenant:
            raise unknown_upload()
        return found

    def remove(self, tenant: str, upload_id: str) -> Upload:
        with self._lock:
            found = self._rows.get(upload_id)
            if found is None or found.tenant != tenant:
                raise unknown_upload()
            return self._rows.pop(upload_id)

    def keep(self, tenant: str, upload_id: str, until: int) -> Upload:
        with self._lock:
            found = self._rows.get(upload_id)
            if found is None or found.tenant != tenant:
                raise unknown_upload()
            self._rows[upload_id] = kept = replace(found, expires_at=max(found.expires_at, until))
            return kept

    def expired(self, now: int, limit: int = 100) -> tuple[Upload, ...]:
        with self._lock:
            due = sorted(
                (upload for upload in self._rows.values() if upload.expires_at <= now),
                key=lambda upload: upload.expires_at,
            )
        return tuple(due[:limit])
