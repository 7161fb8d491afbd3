"""What one unit reads belongs to one moment, whatever is committed while it reads."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, select
from tests.support.desk import Desk
from tests.support.jobs import success, text_output

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import job
from pressroom.domain.errors import DatabaseUnavailable, JobErased
from pressroom.domain.job import Job


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    made = Database(open_engine(request.getfixturevalue(f"{request.param}_url")))
    yield made
    made.close()


@pytest.mark.parametrize("read", ["job", "find", "jobs"])
def test_a_job_that_is_erased_while_it_is_read_is_whole_or_erased(database: Database, read: str) -> None:
    """The row is read first and its outputs second; between the two somebody erases both."""
    store = SqlJobStore(database)
    desk = Desk(store)
    claim = desk.running()
    made = claim.job
    assert store.complete(claim.held, success(text_output()))
    erased: list[bool] = []

    def before(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if "FROM output" in statement and not erased:
            erased.append(True)
            store.erase(made.tenant, made.id)

    event.listen(database.engine, "before_cursor_execute", before)
    ways: dict[str, Callable[[], Sequence[Job]]] = {
        "job": lambda: (store.job(made.tenant, made.id),),
        "find": lambda: store.find([made.id]),
        "jobs": lambda: store.jobs(made.tenant).jobs,
    }
    found = ways[read]()

    assert erased
    (seen,) = found
    assert seen.outputs, "it succeeded, and has what it made"
    with pytest.raises(JobErased):
        store.job(made.tenant, made.id)


@pytest.mark.postgres
def test_who_reads_cannot_lock_or_change(postgres_url: str) -> None:
    database = Database(open_engine(postgres_url))
    for statement in (select(job.c.id).with_for_update(), delete(job)):
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            database.read(lambda connection, it=statement: connection.execute(it))  # type: ignore[misc]
    database.write(lambda connection: connection.execute(delete(job)))
    database.close()
