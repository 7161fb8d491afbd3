"""``MemoryFeedbackStore``: rows of feedback in memory, beside a store of jobs that says which are erased."""

import threading
from collections.abc import Mapping, Sequence

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.domain.errors import NotThere
from pressroom.jobs.feedback import Feedback, FeedbackPage, too_much
from pressroom.jobs.ports import JobStore


class MemoryFeedbackStore:
    """The port ``FeedbackStore`` in one process. Thread-safe."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._lock = threading.RLock()
        self._rows: dict[str, Feedback] = {}

    def add(self, feedback: Feedback, most: int) -> None:
        with self._lock:
            self._jobs.job(feedback.tenant, feedback.job_id)
            if len(self.of_job(feedback.tenant, feedback.job_id)) >= most:
                raise too_much(most)
            self._rows[feedback.id] = feedback

    def of_job(self, tenant: str, job_id: str) -> tuple[Feedback, ...]:
        mine = [each for each in self._kept(tenant) if each.job_id == job_id]
        return tuple(sorted(mine, key=lambda each: (each.created_at, each.id)))

    def decisions(self, tenant: str, job_ids: Sequence[str]) -> Mapping[str, Feedback]:
        wanted = set(job_ids)
        found = [each for each in self._kept(tenant) if each.job_id in wanted and each.decision is not None]
        return {each.job_id: each for each in sorted(found, key=lambda each: (each.created_at, each.id))}

    def page(self, tenant: str, *, cursor: str | None, limit: int) -> FeedbackPage:
        behind = unpack_cursor(cursor) if cursor is not None else None
        found = sorted(
            (each for each in self._kept(tenant) if behind is None or (each.created_at, each.id) < behind),
            key=lambda each: (each.created_at, each.id),
            reverse=True,
        )
        items = tuple(found[:limit])
        more = len(found) > limit
        return FeedbackPage(items, pack_cursor(items[-1].created_at, items[-1].id) if more else None)

    def _kept(self, tenant: str) -> list[Feedback]:
        """Those of jobs that are not erased; the others go."""
        with self._lock:
            for each in list(self._rows.values()):
                try:
                    self._jobs.job(each.tenant, each.job_id)
                except NotThere:
                    del self._rows[each.id]
            return [each for each in self._rows.values() if each.tenant == tenant]
