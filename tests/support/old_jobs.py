"""Jobs by the million whose time is over, each with its output and its idempotency key: copies of one."""

from sqlalchemy import Connection, text
from tests.support.jobs import live, new_job, success, text_output

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import job
from pressroom.jobs.ports import IdempotencyKey, QueueLimits

OLD = "old"
_ID = {"sqlite": "printf('job_%032x', s.num)", "postgresql": "'job_' || lpad(to_hex(s.num), 32, '0')"}
_SERIES = {
    "sqlite": "WITH RECURSIVE s(num) AS (SELECT 1 UNION ALL SELECT num + 1 FROM s WHERE num < {count}) ",
    "postgresql": "WITH s(num) AS (SELECT generate_series(1, {count})) ",
}


def one_ended(store: SqlJobStore, tenant: str, key: str | None = None) -> str:
    """A job from its submit to its end; its id."""
    made = store.submit(new_job(tenant), IdempotencyKey(key, "m" * 64) if key else None, QueueLimits()).job
    (claim,) = store.claim(worker="w", pool="text", models=[live()], limit=1, lease_ms=60_000, idle=True)
    store.complete(claim.held, success(text_output(0, "A mug as blue as the sea at noon. " * 4)))
    return made.id


def fill_with_old(database: Database, count: int) -> None:
    """``count`` ended jobs of the tenant ``OLD``, past their time by any clock."""
    template = one_ended(SqlJobStore(database), OLD, "key")
    dialect = database.engine.dialect.name
    series = _SERIES[dialect].format(count=count)
    changed = {
        "id": _ID[dialect],
        "expires_at": "1000 + s.num",
        "prompt_expires_at": "1000 + s.num",
        "finished_at": "900 + s.num",
    }
    names = [column.name for column in job.columns]
    values = ", ".join(changed.get(name, f"t.{name}") for name in names)
    copied = f"SELECT {{}} FROM {{}} t, s WHERE t.{{}} = '{template}'"

    def copy(connection: Connection) -> None:
        columns = ", ".join(names)
        connection.execute(text(f"INSERT INTO job ({columns}) {series}" + copied.format(values, "job", "id")))
        for table, key in (("output", "job_id"), ("idempotency_key", "job_id")):
            rows = connection.execute(text(f"SELECT * FROM {table} LIMIT 1"))
            of = list(rows.keys())
            made = {"job_id": _ID[dialect], "key": f"'key-' || {_ID[dialect]}"}
            if table == "idempotency_key":
                made["expires_at"] = "2000 + s.num"
            cells = ", ".join(made.get(name, f"t.{name}") for name in of)
            columns = ", ".join(of)
            connection.execute(
                text(f"INSERT INTO {table} ({columns}) {series}" + copied.format(cells, table, key))
            )
        for table, key in (("output", "job_id"), ("idempotency_key", "job_id"), ("job", "id")):
            connection.execute(text(f"DELETE FROM {table} WHERE {key} = '{template}'"))

    database.write(copy)
    if not database.sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
