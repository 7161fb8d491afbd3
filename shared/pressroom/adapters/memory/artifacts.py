"""``MemoryArtifacts``: the port ``ArtifactStore`` in memory."""

import threading

from pressroom.adapters.artifact_paths import check_job, not_there, parts_of


class MemoryArtifacts:
    """Outputs' bytes in one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contents: dict[str, bytes] = {}

    def put(self, path: str, content: bytes, media_type: str) -> None:
        parts_of(path)
        with self._lock:
            self._contents[path] = bytes(content)

    def get(self, path: str, start: int = 0, end: int | None = None) -> bytes:
        parts_of(path)
        with self._lock:
            content = self._contents.get(path)
        if content is None:
            raise not_there(path)
        return content[max(start, 0) : end if end is None else max(end, 0)]

    def erase(self, job_id: str, *, keep_attempt: int | None = None) -> None:
        check_job(job_id)
        with self._lock:
            for path in list(self._contents):
                job, attempt, _ = parts_of(path)
                if job == job_id and (keep_attempt is None or attempt < keep_attempt):
                    del self._contents[path]

    def ping(self) -> None:
        pass
