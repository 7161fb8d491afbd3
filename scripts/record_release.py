"""Write down the SQL of a release: what its processes say to the database in the life of some jobs.

    python scripts/record_release.py CHECKOUT OUT.json

CHECKOUT is a folder with the release's sources (`git archive`). Its own store is driven on a database of its
own schema, SQLite and PostgreSQL; its statements are written down with their values, and played back on a
second database of that schema for what they answer there. Tests play them on the newest schema, where they
must answer the same: see tests/integration/sql/test_old_release.py.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import event


def main() -> None:
    checkout, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    # The release's packages come before those of this checkout.
    sys.path[:0] = [str(checkout), str(checkout / "shared"), str(checkout / "workers")]
    here = Path(__file__).resolve().parents[1]
    sys.path.append(str(here))
    from tests.services.postgres import Server, find_binaries

    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL is needed: install postgresql.")
    with tempfile.TemporaryDirectory(prefix="pr-record-") as folder:
        room = Path(folder) / "postgres"
        room.mkdir()
        Path(folder).chmod(0o755)
        server = Server(binaries, room)
        server.start()
        try:
            found = {
                "sqlite": _recorded(f"sqlite:///{folder}/one.db", f"sqlite:///{folder}/two.db"),
                "postgresql": _recorded(*_two_databases(server)),
            }
        finally:
            server.stop()
    out.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")


def _two_databases(server: Any) -> tuple[str, str]:
    from sqlalchemy import create_engine, text

    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("one", "two"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    one, two = (
        server.url.set(database=name).render_as_string(hide_password=False) for name in ("one", "two")
    )
    return one, two


def _recorded(url: str, second: str) -> dict[str, Any]:
    """The statements of a scenario on ``url``, and their answers on ``second``."""
    from pressroom.adapters.sql import schema
    from pressroom.adapters.sql.database import Database
    from pressroom.adapters.sql.engine import open_engine

    _add_playback()
    from tests.support.playback import packed, play

    for each in (url, second):
        schema.upgrade(each)
    engine = open_engine(url)
    from tests.support.jobs import Timepiece

    clock = Timepiece()
    database = Database(engine, clock)
    statements: dict[str, int] = {}
    calls: list[dict[str, Any]] = []

    def write_down(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            number = statements.setdefault(statement, len(statements))
            calls.append({"sql": number, "values": packed(parameters), "many": many})

    database.read(lambda connection: None)
    event.listen(engine, "before_cursor_execute", write_down)
    _scenario(database, clock)
    database.close()
    answers = play(second, list(statements), calls)
    return {"statements": list(statements), "calls": calls, "answers": answers}


def _add_playback() -> None:
    """The player is this checkout's, and stands beside the release's own support."""
    import tests.support

    folder = str(Path(__file__).resolve().parents[1] / "tests" / "support")
    if folder not in tests.support.__path__:
        tests.support.__path__ = [*tests.support.__path__, folder]


def _scenario(database: Any, clock: Any) -> None:
    """Fronts, workers and relays of that release, one call after the other, at a clock that stands still."""
    from tests.support.desk import Desk
    from tests.support.jobs import card, failure, partial, success

    from pressroom.adapters.sql.keys import SqlKeyStore
    from pressroom.adapters.sql.store import SqlJobStore
    from pressroom.domain.retry import FailureKind, RetryPolicy
    from pressroom.jobs.keys import Keyring

    policy = RetryPolicy()
    # Whatever the release's store can do: this checkout's may have other names for it.
    store: Any = SqlJobStore(database, seconds=clock.seconds)
    desk, keys = Desk(store), Keyring(SqlKeyStore(database))
    issued = keys.issue("acme", "website")
    keys.check(issued.token)
    keys.all()
    store.announce(card())
    store.live_models()
    store.live_workers()

    done = desk.running(key="order-1")
    desk.submit(key="order-2")
    store.renew("worker-1", [done.held], 60_000)
    store.complete(done.held, success())
    store.job("acme", done.job.id)
    store.jobs("acme", limit=10)
    for kind in (FailureKind.DRAIN, FailureKind.ERROR, FailureKind.CRASH, FailureKind.PERMANENT):
        clock.pass_ms(5_000)
        for claim in desk.claim():
            store.release(claim.held, failure(kind), partial(), policy)
    waiting = desk.submit("other")
    store.waiting(waiting)
    store.standings([waiting.id, done.job.id])
    store.cancel("other", waiting.id)
    running = desk.running(tenant="other")
    store.cancel("other", running.job.id)
    store.renew("worker-1", [running.held], 60_000)
    desk.submit()
    desk.claim(8)
    store.backlog()
    clock.pass_ms(120_000)
    store.reap(policy)
    store.find([done.job.id, running.job.id])
    store.erase("acme", done.job.id)
    for erasure in store.due_erasures():
        store.erasure_done(erasure)
    store.withdraw("worker-1")
    # One stays in the queue, for whoever comes next.
    desk.submit("last")
    clock.pass_ms(200_000_000)
    store.forget()
    for job_id in store.expired_results():
        store.expire_result(job_id)
    store.reap(policy)
    desk.submit("last")
    keys.revoke(issued.key.id)


if __name__ == "__main__":
    main()
