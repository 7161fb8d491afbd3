"""How long both job stores keep what is left of a job when its content is gone. Milliseconds."""

from pressroom.domain.job import Job

_WEEK_MS = 7 * 24 * 3_600_000

# A key is remembered for as long as its job may live, and a week longer.
KEY_GRACE_MS = _WEEK_MS
# A tombstone stays at least this long, and for as long as an idempotency key names it.
TOMBSTONE_MS = _WEEK_MS


def key_expires_at(job: Job, ttl_s: int | None) -> int:
    """Until when an idempotency key names ``job``: ``ttl_s`` from its acceptance, or for as long as the job
    may live and a week longer."""
    if ttl_s is not None:
        return job.created_at + ttl_s * 1000
    return job.deadline_at + job.result_ttl_s * 1000 + KEY_GRACE_MS
