"""The end of a job and what is to be told of it are one transaction: both are there, or neither.

And a tenant whom nobody calls for pays for it with no statement of its own.
"""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import event, text
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, success

from pressroom.adapters.sql import webhook_outbox
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.domain.ids import new_id
from pressroom.domain.states import State
from pressroom.domain.webhooks import Endpoint, SealedSecret

# Ends a job, and is killed at the statement that is named: before it, or behind it, before the commit.
KILLED = """
import json, os, signal, sys
from sqlalchemy import event
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.domain.job import Completion, Held, Usage
from pressroom.domain.states import State

url, job_id, attempt, words, when = json.loads(sys.argv[1])
engine = open_engine(url)

def die(connection, cursor, statement, parameters, context, many):
    if words in statement:
        os.kill(os.getpid(), signal.SIGKILL)

def die_at_commit(connection):
    os.kill(os.getpid(), signal.SIGKILL)

if when == "commit":
    event.listen(engine, "commit", die_at_commit)
else:
    event.listen(engine, f"{when}_cursor_execute", die)
store = SqlJobStore(Database(engine))
store.complete(Held(job_id, attempt), Completion(State.SUCCEEDED, "stop", (), Usage()))
"""
POINTS = [
    ("UPDATE job", "before"),
    ("UPDATE job", "after"),
    ("INSERT INTO webhook_delivery", "before"),
    ("INSERT INTO webhook_delivery", "after"),
    ("", "commit"),
]


def add_endpoint(database: Database) -> None:
    secret = SealedSecret("sealed", 1)
    SqlWebhookStore(database).add(
        Endpoint(new_id("whe"), "acme", "https://x.example/", "", None, (secret,), True, 1, 1), 20
    )


def told(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT job_id FROM webhook_delivery")))


@pytest.mark.parametrize(("words", "when"), POINTS)
def test_a_process_killed_on_the_way_leaves_both_or_neither(
    database: Database, url: str, words: str, when: str
) -> None:
    add_endpoint(database)
    store = SqlJobStore(database, lease_ms=LEASE_MS)
    claim = Desk(store).running()
    order = json.dumps([url, claim.job.id, claim.attempt, words, when])
    died = subprocess.run([sys.executable, "-c", KILLED, order], timeout=60, check=False, env={**os.environ})
    assert died.returncode == -signal.SIGKILL
    assert store.job("acme", claim.job.id).state is State.RUNNING
    assert told(database) == []
    assert store.complete(claim.held, success())
    assert told(database) == [claim.job.id]


def test_what_cannot_be_told_does_not_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard of the test above: the message is written by the same transaction, not behind it."""
    add_endpoint(database)
    store = SqlJobStore(database, lease_ms=LEASE_MS)
    claim = Desk(store).running()

    def broken(*arguments: Any, **named: Any) -> str:
        raise RuntimeError("no message today")

    monkeypatch.setattr(webhook_outbox, "job_message", broken)
    with pytest.raises(RuntimeError):
        store.complete(claim.held, success())
    assert store.job("acme", claim.job.id).state is State.RUNNING


def statements(database: Database, unit: Any) -> int:
    """How many statements ``unit`` sends."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        unit()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return len([statement for statement in sent if not statement.startswith(("SAVEPOINT", "RELEASE"))])


def test_whom_nobody_calls_for_pays_no_statement_more(database: Database) -> None:
    store = SqlJobStore(database, lease_ms=LEASE_MS)
    desk = Desk(store)
    alone = desk.running()
    without = statements(database, lambda: store.complete(alone.held, success()))
    add_endpoint(database)
    other = desk.running()
    assert statements(database, lambda: store.complete(other.held, success())) == without + 2
    stranger = desk.running(tenant="globex")
    assert statements(database, lambda: store.complete(stranger.held, success())) == without
