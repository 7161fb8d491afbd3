"""A Redis without memory to spare: what is to go still goes, and what cannot be written says so."""

from collections.abc import Iterator

import pytest
from tests.services.valkey import Valkey
from tests.support.desk import Desk
from tests.support.jobs import success

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect
from pressroom.adapters.redis.events import RedisEventLog
from pressroom.adapters.redis.results import RedisResultCache
from pressroom.contract.events import Started
from pressroom.domain.errors import RedisUnavailable
from pressroom.domain.job import Job
from pressroom.jobs.ports import Numbered


class Full:
    """A server with a job's traces in it; ``fill`` takes its room away, ``relieve`` gives it back."""

    def __init__(self, url: str) -> None:
        self.client = connect(url)
        self.events = RedisEventLog(url, ttl_s=60)
        self.cache = RedisResultCache(url)
        desk = Desk(MemoryJobStore())
        claim = desk.running()
        desk.store.complete(claim.held, success())
        self.job: Job = desk.store.job("acme", claim.job.id)
        self.events.append([Numbered(self.job.id, 1, 1, Started(attempt=1))])
        self.cache.put(self.job, 60)

    def fill(self) -> None:
        self.client.config_set("maxmemory-policy", "noeviction")
        self.client.config_set("maxmemory", "1")

    def relieve(self) -> None:
        self.client.config_set("maxmemory", "0")

    def traces(self) -> int:
        return int(self.client.exists(keys.events(self.job.id), keys.result(self.job.id)))


@pytest.fixture
def full(valkey: Valkey) -> Iterator[Full]:
    made = Full(valkey.url)
    yield made
    made.relieve()


def test_content_is_removed_where_not_even_its_tombstone_fits(full: Full) -> None:
    full.fill()
    for erase in (full.events.erase, full.cache.erase):
        with pytest.raises(RedisUnavailable, match="OOM"):
            erase(full.job.id)
    assert full.traces() == 0
    full.relieve()
    # The relay tries again: now nothing late comes after it.
    full.events.erase(full.job.id)
    full.cache.erase(full.job.id)
    full.cache.put(full.job, 60)
    full.events.append([Numbered(full.job.id, 1, 2, Started(attempt=1))])
    assert full.cache.get("acme", full.job.id) is None
    assert full.events.read({full.job.id: (0, 0)}, 0) == {}


def test_what_cannot_be_written_says_so_and_can_still_be_read(full: Full) -> None:
    full.fill()
    with pytest.raises(RedisUnavailable, match="OOM"):
        full.events.append([Numbered(full.job.id, 1, 2, Started(attempt=1))])
    with pytest.raises(RedisUnavailable, match="OOM"):
        full.cache.put(full.job, 60)
    assert full.cache.get("acme", full.job.id) == full.job
    assert len(full.events.read({full.job.id: (0, 0)}, 0)[full.job.id]) == 1


def test_many_are_erased_at_once(full: Full) -> None:
    others = [f"job_{n}" for n in range(500)]
    full.events.append([Numbered(job_id, 1, 1, Started(attempt=1)) for job_id in others])
    full.events.erase(full.job.id, *others)
    full.cache.erase(full.job.id, *others)
    assert full.events.read(dict.fromkeys([full.job.id, *others], (0, 0)), 0) == {}
    full.events.erase()
    full.cache.erase()
