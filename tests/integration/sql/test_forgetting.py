"""Forgetting a key just as a submit takes it over."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from tests.support.jobs import Timepiece, new_job

from pressroom.adapters.keeping import KEY_GRACE_MS
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
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
