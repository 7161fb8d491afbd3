"""ResultCache: finished jobs as JSON, with a tombstone over which no late put goes."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect, unavailable
from pressroom.domain.job import Job

_JOB: TypeAdapter[Job] = TypeAdapter(Job)

# One step on the server: between a look and a SET here, an erasure could slip in.
_PUT = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class RedisResultCache:
    """Implements ``ResultCache``. Safe for many threads."""

    def __init__(self, url: str, *, timeout_s: float = 2.0) -> None:
        """Nothing is sent yet. ``timeout_s`` bounds every call."""
        self._url = url
        self._client: Any = connect(url, timeout_s=timeout_s)
        self._put = self._client.register_script(_PUT)

    def put(self, job: Job, ttl_s: int) -> None:
        """Never over a tombstone. Raises RedisUnavailable."""
        body = _JOB.dump_json(job)
        with unavailable(self._url):
            self._put(keys=[keys.result(job.id)], args=[keys.TOMBSTONE, body, max(1, ttl_s)])

    def get(self, tenant: str, job_id: str) -> Job | None:
        """None when absent, erased, another tenant's, or written by a version that had other fields.

        Raises RedisUnavailable."""
        with unavailable(self._url):
            body = self._client.get(keys.result(job_id))
        if body is None or body == keys.TOMBSTONE:
            return None
        try:
            job = _JOB.validate_json(body)
        except ValidationError:
            return None
        return job if job.tenant == tenant else None

    def erase(self, *job_ids: str, noted: bool = True) -> None:
        """Leave a tombstone each for a day, if ``noted``. A server without memory to spare removes them all the same,
        and then refuses to note that. Raises RedisUnavailable."""
        if not job_ids:
            return
        found = [keys.result(job_id) for job_id in job_ids]
        with unavailable(self._url):
            self._client.delete(*found)
            if not noted:
                return
            pipe = self._client.pipeline(transaction=False)
            for key in found:
                pipe.set(key, keys.TOMBSTONE, ex=keys.TOMBSTONE_TTL_S)
            pipe.execute()

    def ping(self) -> None:
        """Raises RedisUnavailable."""
        with unavailable(self._url):
            self._client.ping()

    def close(self) -> None:
        self._client.close()
