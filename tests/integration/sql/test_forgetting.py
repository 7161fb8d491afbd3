"""Forgetting: a key just as a submit takes it over, and what an older release has erased."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, update
from tests.support.jobs import Timepiece, new_job

from pressroom.adapters.keeping import KEY_GRACE_MS, TOMBSTONE_MS
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import job
from pressroom.jobs.ports import IdempotencyKey, QueueLimits

T = TypeVar("T")
KEY = IdempotencyKey("k", "m" * 64)
LIMITS = QueueLimits()


class Interrupted(Database):
    """A database in which something happens right after the next read."""

    then: Callable[[], object] | None = None

    def read(self, unit: Callable[[Connection], T]) -> T:
        found = super().read(unit)
        then, self.then = self.then, None
        if then is not None:
            then()
        return found


def test_a_key_that_is_taken_over_meanwhile_is_not_forgotten(url: str) -> None:
    clock = Timepiece()
    database, other = Interrupted(open_engine(url), clock), Database(open_engine(url), clock)
    store = SqlJobStore(database)
    store.submit(new_job(deadline_s=1, result_ttl_s=1), KEY, LIMITS)
    clock.pass_ms(2_000 + KEY_GRACE_MS)
    database.then = lambda: SqlJobStore(other).submit(new_job(), KEY, LIMITS)
    assert store.forget() == 0
    assert not store.submit(new_job(), KEY, LIMITS).created
    database.close()
    other.close()


def test_tombstones_of_a_release_that_did_not_say_when_they_may_go(url: str) -> None:
    clock = Timepiece()
    database = Database(open_engine(url), clock)
    store = SqlJobStore(database)
    for key in (None, IdempotencyKey("named for long", "m" * 64, ttl_s=30 * 86_400)):
        store.erase("acme", store.submit(new_job(), key, LIMITS).job.id)
    database.write(lambda connection: connection.execute(update(job).values(due_at=job.c.created_at)))
    assert store.forget() == 0
    clock.pass_ms(TOMBSTONE_MS - 1)
    store.erasures_done(store.due_erasures())
    assert store.forget() == 0
    clock.pass_ms(1)
    assert [store.forget(), store.forget()] == [1, 0]
    clock.pass_ms(30 * 86_400_000)
    assert [store.forget(), store.forget()] == [2, 0]
    database.close()
