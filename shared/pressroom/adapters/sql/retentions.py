"""``SqlRetentionStore``: the policies in the tenants' rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, update

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import tenant
from pressroom.adapters.sql.tenants import open_tenant
from pressroom.domain.retention import Retention

_COLUMNS = tenant.c.result_ttl_s, tenant.c.prompt_ttl_s, tenant.c.events_ttl_s, tenant.c.idempotency_ttl_s


class SqlRetentionStore:
    """The port ``RetentionStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def retention(self, tenant_id: str) -> Retention:
        wanted = select(*_COLUMNS).where(tenant.c.id == tenant_id)
        row = self._database.read(lambda connection: connection.execute(wanted).one_or_none())
        return Retention() if row is None else _retention(row)

    def retentions(self) -> Mapping[str, Retention]:
        wanted = select(tenant.c.id, *_COLUMNS).order_by(tenant.c.id)
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        return {row.id: _retention(row) for row in rows}

    def keep(self, tenant_id: str, retention: Retention) -> None:
        def move(connection: Connection) -> None:
            open_tenant(self._database, connection, tenant_id, self._database.now(connection).wall)
            connection.execute(
                update(tenant)
                .where(tenant.c.id == tenant_id)
                .values(
                    result_ttl_s=retention.results_s,
                    prompt_ttl_s=retention.prompts_s,
                    events_ttl_s=retention.events_s,
                    idempotency_ttl_s=retention.keys_s,
                )
            )

        self._database.write(move)


def _retention(row: Row[*tuple[Any, ...]]) -> Retention:
    return Retention(row.result_ttl_s, row.prompt_ttl_s, row.events_ttl_s, row.idempotency_ttl_s)
