"""``SqlUploadStore``: rows of uploads."""

from sqlalchemy import Connection, delete, insert, select, update

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.reading import storable
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.upload_tables import upload as table
from pressroom.jobs.uploads import Upload, unknown_upload


class SqlUploadStore:
    """The port ``UploadStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, upload: Upload) -> None:
        values = {name: getattr(upload, name) for name in Upload.__slots__}
        self._database.write(lambda connection: connection.execute(insert(table).values(values)) and None)

    def find(self, tenant: str, upload_id: str) -> Upload:
        if not storable(upload_id):
            raise unknown_upload()
        row = self._database.read(
            lambda connection: connection.execute(
                select(table).where(table.c.id == upload_id, table.c.tenant == tenant)
            ).one_or_none()
        )
        if row is None:
            raise unknown_upload()
        return _upload(row)

    def remove(self, tenant: str, upload_id: str) -> Upload:
        if not storable(upload_id):
            raise unknown_upload()

        def move(connection: Connection) -> JobRow | None:
            return connection.execute(
                delete(table).where(table.c.id == upload_id, table.c.tenant == tenant).returning(table)
            ).one_or_none()

        row = self._database.write(move)
        if row is None:
            raise unknown_upload()
        return _upload(row)

    def keep(self, tenant: str, upload_id: str, until: int) -> Upload:
        if not storable(upload_id):
            raise unknown_upload()
        its = (table.c.id == upload_id, table.c.tenant == tenant)

        def move(connection: Connection) -> JobRow | None:
            connection.execute(update(table).where(*its, table.c.expires_at < until).values(expires_at=until))
            return connection.execute(select(table).where(*its)).one_or_none()

        row = self._database.write(move)
        if row is None:
            raise unknown_upload()
        return _upload(row)

    def expired(self, now: int, limit: int = 100) -> tuple[Upload, ...]:
        rows = self._database.read(
            lambda connection: connection.execute(
                select(table).where(table.c.expires_at <= now).order_by(table.c.expires_at).limit(limit)
            ).all()
        )
        return tuple(map(_upload, rows))


def _upload(row: JobRow) -> Upload:
    return Upload(**{name: getattr(row, name) for name in Upload.__slots__})
