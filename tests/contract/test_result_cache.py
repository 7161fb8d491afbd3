"""ResultCache: what holds in memory and in Redis alike."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support.jobs import MODEL, picture, text_output

from pressroom.adapters.memory.redis import MemoryResultCache
from pressroom.adapters.redis.results import RedisResultCache
from pressroom.domain.job import Job, Usage
from pressroom.domain.states import State
from pressroom.jobs.ports import ResultCache


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def cache(request: pytest.FixtureRequest) -> Iterator[ResultCache]:
    if request.param == "memory":
        yield MemoryResultCache()
        return
    real = RedisResultCache(request.getfixturevalue("redis_url"))
    yield real
    real.close()


JOB = Job(
    id="job_1",
    tenant="acme",
    model=MODEL,
    kind="text",
    pool="text",
    state=State.SUCCEEDED,
    priority=5,
    input={"messages": [{"role": "user", "content": "naïve 🧶"}]},
    params={"max_tokens": 10, "temperature": 0.7, "stop": ["\n"], "seed": 2**53 - 1},
    metadata={"sku": "mug"},
    created_at=1_800_000_000_000,
    due_at=1_800_000_000_000,
    deadline_at=1_800_003_600_000,
    result_ttl_s=3_600,
    attempt=2,
    claimed_at=1_800_000_000_005,
    finished_at=1_800_000_000_100,
    finish_reason="stop",
    usage=Usage(9, 8, 7),
    outputs=(text_output(0), picture(1, "job_1", 2)),
)


def test_a_job_comes_back_as_it_was(cache: ResultCache) -> None:
    cache.put(JOB, 60)

    assert cache.get("acme", "job_1") == JOB


def test_another_tenant_does_not_see_it(cache: ResultCache) -> None:
    cache.put(JOB, 60)

    assert cache.get("emca", "job_1") is None
    assert cache.get("", "job_1") is None


def test_what_was_never_put_is_absent(cache: ResultCache) -> None:
    assert cache.get("acme", "job_2") is None


def test_a_later_put_replaces(cache: ResultCache) -> None:
    cache.put(JOB, 60)
    cache.put(replace(JOB, finish_reason="length"), 60)

    found = cache.get("acme", "job_1")

    assert found is not None
    assert found.finish_reason == "length"


def test_no_late_put_goes_over_an_erasure(cache: ResultCache) -> None:
    cache.put(JOB, 60)
    cache.erase("job_1")
    cache.put(JOB, 60)

    assert cache.get("acme", "job_1") is None


def test_an_erasure_may_come_before_the_put(cache: ResultCache) -> None:
    cache.erase("job_1")
    cache.erase("job_1")
    cache.put(JOB, 60)

    assert cache.get("acme", "job_1") is None


def test_what_nobody_writes_any_more_is_removed_without_a_trace(cache: ResultCache) -> None:
    cache.put(JOB, 60)
    cache.erase("job_1", "job_9", noted=False)
    assert cache.get("acme", "job_1") is None
    cache.put(JOB, 60)
    assert cache.get("acme", "job_1") == JOB


def test_it_answers_a_ping(cache: ResultCache) -> None:
    cache.ping()
