"""The end of a job that no worker tells: it was reaped, or canceled in the queue."""

from pressroom.contract.events import End
from pressroom.domain.job import Job
from pressroom.jobs.ports import Numbered

# Nobody knows how far a worker counted that is gone: behind everything, which readers see as a gap, and
# so take the end from the database. It also keeps late events of that worker out.
_BEHIND_ALL = 2**31


def late_end(job: Job) -> Numbered:
    """The event that ends the streams of ``job``, which has ended."""
    end = End(status=job.state.value, finish_reason=job.finish_reason)
    return Numbered(job.id, job.attempt, _BEHIND_ALL if job.attempt else 1, end, job.events_ttl_s)
