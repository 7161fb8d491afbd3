"""How many jobs somebody still waits for that were accepted for one model's weights."""

from sqlalchemy import bindparam, func, select

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import OPEN, job

_OPEN_OF = select(func.count()).select_from(job).where(OPEN, job.c.model_sha256 == bindparam("of_sha256"))


def open_jobs_of(database: Database, sha256: str) -> int:
    """Queued and running ones, of all tenants. Raises DatabaseUnavailable."""
    return database.read(lambda connection: connection.scalar(_OPEN_OF, {"of_sha256": sha256}) or 0)
