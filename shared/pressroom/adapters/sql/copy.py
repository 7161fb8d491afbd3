"""``SqlCopyStore``: versions of templates and voices in a table of their own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from pressroom.adapters.sql.copy_tables import copy_version
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.tenants import open_tenant
from pressroom.jobs.copy_ports import CopyKind, KeptCopy

# Built once: a feed asks for each of its rows.
_NEWEST = (
    select(copy_version)
    .where(
        copy_version.c.tenant == bindparam("of_tenant"),
        copy_version.c.kind == bindparam("of_kind"),
        copy_version.c.name == bindparam("of_name"),
    )
    .order_by(copy_version.c.version.desc())
    .limit(1)
)
_VERSION = _NEWEST.where(copy_version.c.version == bindparam("of_version"))


class SqlCopyStore:
    """The port ``CopyStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, tenant: str, kind: CopyKind, name: str, body: Mapping[str, Any]) -> KeptCopy:
        def move(connection: Connection) -> KeptCopy:
            now = self._database.now(connection).wall
            open_tenant(self._database, connection, tenant, now)
            while True:
                newest = connection.execute(_NEWEST, _named(tenant, kind, name)).one_or_none()
                if newest is not None and newest.body == body:
                    return _kept(newest)
                made = KeptCopy(kind, name, 1 if newest is None else newest.version + 1, dict(body), now)
                # Another front may make the same number: it has been before us then, and we come behind it.
                inserted = connection.execute(
                    self._database.upsert(copy_version)
                    .values(
                        tenant=tenant,
                        kind=kind,
                        name=name,
                        version=made.version,
                        body=dict(body),
                        created_at=now,
                    )
                    .on_conflict_do_nothing()
                    .returning(copy_version.c.version)
                )
                if inserted.first() is not None:
                    return made

        return self._database.write(move)

    def newest(self, tenant: str, kind: CopyKind) -> tuple[KeptCopy, ...]:
        last = (
            select(copy_version.c.name, func.max(copy_version.c.version).label("version"))
            .where(copy_version.c.tenant == tenant, copy_version.c.kind == kind)
            .group_by(copy_version.c.name)
            .subquery()
        )
        wanted = (
            select(copy_version)
            .join(last, and_(last.c.name == copy_version.c.name, last.c.version == copy_version.c.version))
            .where(copy_version.c.tenant == tenant, copy_version.c.kind == kind)
        )
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(sorted(map(_kept, rows), key=lambda each: each.name))

    def find(self, tenant: str, kind: CopyKind, name: str, version: int | None = None) -> KeptCopy | None:
        wanted, values = _NEWEST, _named(tenant, kind, name)
        if version is not None:
            wanted, values = _VERSION, values | {"of_version": version}
        row = self._database.read(lambda connection: connection.execute(wanted, values).one_or_none())
        return None if row is None else _kept(row)

    def remove(self, tenant: str, kind: CopyKind, name: str) -> bool:
        statement = delete(copy_version).where(
            copy_version.c.tenant == tenant, copy_version.c.kind == kind, copy_version.c.name == name
        )
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)


def _named(tenant: str, kind: CopyKind, name: str) -> dict[str, Any]:
    return {"of_tenant": tenant, "of_kind": kind, "of_name": name}


def _kept(row: JobRow) -> KeptCopy:
    return KeptCopy(row.kind, row.name, row.version, row.body, row.created_at)
