"""Processes of the release of schema 0001 go on while new ones run beside them on the newest schema.

The old release's own statements, with their values, were written down by `scripts/record_release.py`, with what
they answered on their own schema.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from tests.support.books import PRICE, meter
from tests.support.desk import Desk
from tests.support.playback import play

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.spending import SqlSpendingStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.domain.spending import Amount

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "release_0001.json").read_text("utf-8"))


def _recorded(url: str) -> tuple[list[str], list[dict[str, Any]], list[str]]:
    found = RECORDED[make_url(url).get_backend_name()]
    return found["statements"], found["calls"], found["answers"]


def test_old_statements_answer_on_the_new_schema_as_on_their_own(url: str) -> None:
    statements, calls, answers = _recorded(url)

    got = play(url, statements, calls)

    wrong = [
        (statements[call["sql"]][:120], was, now)
        for call, was, now in zip(calls, answers, got, strict=True)
        if was != now
    ]
    assert wrong == []


def test_new_code_works_between_old_statements(url: str, desk: Desk) -> None:
    """Half of the old ones, then new code's own, then the rest."""
    statements, calls, _ = _recorded(url)
    half = len(calls) // 2
    play(url, statements, calls[:half])
    # A tenant that the old ones do not know.
    mine = desk.submit("newcomer")

    play(url, statements, calls[half:])

    assert desk.store.job("newcomer", mine.id) == mine
    assert desk.store.backlog()


def test_new_code_reads_what_old_code_has_queued(url: str, desk: Desk) -> None:
    statements, calls, _ = _recorded(url)
    play(url, statements, calls)
    database = Database(open_engine(url))
    with database.engine.connect() as connection:
        (job_id,) = connection.execute(
            text("SELECT id FROM job WHERE tenant = 'last' AND state = 'queued'")
        ).one()
    database.close()

    assert desk.store.job("last", job_id).input == {"prompt": "Write a line about a blue mug."}
    (found,) = desk.store.find([job_id])
    assert found.id == job_id


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_record_holds_the_life_of_jobs(kind: str) -> None:
    said = " ".join(RECORDED[kind]["statements"])
    for table in ("job", "output", "idempotency_key", "lane", "worker", "erasure", "api_key", "tenant"):
        assert f"INSERT INTO {table} " in said, table
    assert len(RECORDED[kind]["calls"]) > 80


def test_a_job_that_old_code_ends_is_charged_all_the_same(url: str) -> None:
    """What it does not know of: that something was held for the job."""
    database = Database(open_engine(url))
    store, spending = SqlJobStore(database), SqlSpendingStore(database)
    spending.set_budget("acme", "spring", 100, None)
    held = Desk(store).running(meter=meter(tokens=40))
    queued = Desk(store).submit(meter=meter(tokens=40))
    ended = text(
        "UPDATE job SET state = :state, finished_at = 1, tokens_in = :read, tokens_out = :written WHERE id = :id"
    )
    with database.engine.begin() as connection:
        connection.execute(ended, {"state": "succeeded", "read": 10, "written": 7, "id": held.job.id})
        connection.execute(ended, {"state": "canceled", "read": 0, "written": 0, "id": queued.id})
    while spending.book():
        pass
    found = spending.budget("acme", "spring")
    assert (found.held, found.spent.tokens) == (Amount(), 17)
    assert spending.book() == 0
    assert store.job("acme", held.job.id).charged_nanos == PRICE.of(10, 7, 0)
    database.close()
