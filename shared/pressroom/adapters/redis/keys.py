"""Every key that Pressroom keeps in Redis, and what lies there. All begin with ``pressroom:``.

    key                              type     holds                                  lives
    pressroom:events:<job>           stream   a job's events, id ``<attempt>-<seq>``   stream_ttl_s after the last
                                              field ``e``: the event as JSON
    pressroom:result:<job>           string   a finished job as JSON, or ``erased``    cache_ttl_s; a tombstone 1 day
                                              (not of a result that expired)
    pressroom:nudges                 channel  ids of jobs to look at now               not kept
    pressroom:requests/…             list     when an API key with a bound asked       a minute after the last
    pressroom:pressroom.<pool>       list     tickets of a pool (Celery messages)      until they are taken
    pressroom:unacked,               hash,    tickets on their way to a worker         until acknowledged, at most
    pressroom:unacked_index          zset     (kombu)                                  the visibility timeout
    pressroom:unacked_mutex          string   one restorer of those at a time (kombu)  seconds
    pressroom:_kombu.binding…        sets     which list a pool's exchange feeds       for good
    pressroom:<celery's lists>       list     priorities 3, 6 and 9 of the above       never used

Nothing here is the truth: with all of it gone, each job still runs and each result is still found.
"""

PREFIX = "pressroom:"

TOMBSTONE = b"erased"
TOMBSTONE_TTL_S = 86_400

NUDGES = f"{PREFIX}nudges"
TURNSTILE = f"{PREFIX}requests"


def events(job_id: str) -> str:
    """The stream of a job's events."""
    return f"{PREFIX}events:{job_id}"


def result(job_id: str) -> str:
    """A finished job, or the tombstone of an erased one."""
    return f"{PREFIX}result:{job_id}"


def queue(pool: str) -> str:
    """Celery's name for the queue of a pool's tickets."""
    return f"pressroom.{pool}"


def tickets(pool: str) -> str:
    """The list in which those tickets lie."""
    return f"{PREFIX}{queue(pool)}"
