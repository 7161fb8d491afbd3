"""What is erased is gone from the database itself, not only hidden from readers."""

from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.engine import make_url
from tests.support.desk import Desk
from tests.support.jobs import failure, partial, success, text_output

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import metadata
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import State

SECRET = "zebra-parchment"
LONG = SECRET + " and so on" * 2_000


def _everything(database: Database) -> str:
    def look(connection: Connection) -> str:
        rows: list[Any] = []
        for table in metadata.sorted_tables:
            rows += connection.execute(select(table)).all()
        return repr(rows)

    return database.read(look)


def _submit(desk: Desk) -> str:
    job = desk.submit(
        input={"prompt": LONG},
        params={"max_tokens": 5, "stop": [SECRET]},
        metadata={"note": SECRET},
        request_id=SECRET,
    )
    return job.id


def test_no_table_holds_a_word_of_an_erased_job(database: Database, desk: Desk) -> None:
    queued, running, succeeded, failed = (_submit(desk) for _ in range(4))
    claims = {claim.job.id: claim for claim in desk.claim(4)}
    desk.store.release(claims[queued].held, failure(FailureKind.DRAIN), partial(), RetryPolicy())
    desk.store.complete(claims[succeeded].held, success(text_output(0, LONG)))
    ending = partial(
        text_output(0, SECRET), state=State.FAILED, error_code="x", error_message=SECRET, finish_reason=SECRET
    )
    desk.store.complete(claims[failed].held, ending)
    assert _everything(database).count(SECRET) > 4
    for job_id in (queued, running, succeeded, failed):
        desk.store.erase("acme", job_id)
    assert SECRET not in _everything(database)


def test_an_expired_result_goes_the_same_way(database: Database, desk: Desk) -> None:
    claim = desk.running(input={"prompt": SECRET}, result_ttl_s=0)
    desk.store.complete(claim.held, success(text_output(0, SECRET)))
    assert desk.store.expire_results() == 1
    assert SECRET not in _everything(database)


@pytest.mark.parametrize("number", [1, 20])
def test_the_file_of_sqlite_holds_no_word_either(sqlite_url: str, number: int) -> None:
    database = Database(open_engine(sqlite_url))
    desk = Desk(SqlJobStore(database))
    jobs = [_submit(desk) for _ in range(number)]
    for claim in desk.claim(number):
        desk.store.complete(claim.held, success(text_output(0, LONG)))
    file = Path(make_url(sqlite_url).database or "")

    def in_file() -> bool:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return SECRET.encode() in file.read_bytes()

    assert in_file()
    for job_id in jobs:
        desk.store.erase("acme", job_id)
    assert not in_file()
    database.close()


def test_nor_does_its_log_once_the_relay_has_seen_to_it(sqlite_url: str) -> None:
    database = Database(open_engine(sqlite_url))
    store = SqlJobStore(database)
    desk = Desk(store)
    job_id = _submit(desk)
    file = Path(make_url(sqlite_url).database or "")
    log = file.with_name(file.name + "-wal")
    assert SECRET.encode() in log.read_bytes()
    store.erase("acme", job_id)
    assert SECRET.encode() in log.read_bytes(), "old pages are there still"
    with database.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM job")).scalar()
        began = monotonic()
        assert not store.settle_erased(), "somebody reads what may be of before"
        assert monotonic() - began < 1.0, "and nobody is kept waiting for him"
    assert store.settle_erased()
    assert SECRET.encode() not in log.read_bytes() + file.read_bytes()
    # The pooled connection is as patient as before.
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() != 20
    database.close()
