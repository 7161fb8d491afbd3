"""``SqlKeyStore``: tenants and their API keys."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.reading import storable
from pressroom.adapters.sql.tables import api_key
from pressroom.adapters.sql.tenants import open_tenant
from pressroom.domain.limits import KeyLimits
from pressroom.domain.scopes import EVERY_SCOPE, Scope, in_order
from pressroom.jobs.ports import ApiKey


class SqlKeyStore:
    """The port ``KeyStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey, secret_hash: str) -> None:
        def store(connection: Connection) -> None:
            open_tenant(self._database, connection, key.tenant, key.created_at)
            _insert(connection, key, secret_hash)

        self._database.write(store)

    def find(self, key_id: str) -> tuple[ApiKey, str] | None:
        if not storable(key_id):
            return None
        row = self._database.read(
            lambda connection: connection.execute(select(api_key).where(api_key.c.id == key_id)).one_or_none()
        )
        return None if row is None else (_key(row), row.secret_hash)

    def all(self) -> tuple[ApiKey, ...]:
        rows = self._database.read(
            lambda connection: connection.execute(
                select(api_key).order_by(api_key.c.created_at, api_key.c.id)
            ).all()
        )
        return tuple(_key(row) for row in rows)

    def revoke(self, key_id: str) -> bool:
        if not storable(key_id):
            return False

        def move(connection: Connection) -> bool:
            changed = connection.execute(
                update(api_key)
                .where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
                .values(revoked_at=self._database.now(connection).wall)
            )
            return changed.rowcount == 1

        return self._database.write(move)

    def limit(self, key_id: str, limits: KeyLimits) -> bool:
        if not storable(key_id):
            return False
        statement = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
        values = _limits(limits)
        return self._database.write(
            lambda connection: connection.execute(statement.values(values)).rowcount == 1
        )

    def rotate(self, key: ApiKey, secret_hash: str, old_expires_at: int) -> bool:
        old_id = key.replaces or ""
        if not storable(old_id):
            return False

        def move(connection: Connection) -> bool:
            changed = connection.execute(
                update(api_key)
                .where(api_key.c.id == old_id, api_key.c.revoked_at.is_(None))
                .values(
                    expires_at=case(
                        (api_key.c.expires_at < old_expires_at, api_key.c.expires_at), else_=old_expires_at
                    )
                )
            )
            if changed.rowcount != 1:
                return False
            _insert(connection, key, secret_hash)
            return True

        return self._database.write(move)


def _insert(connection: Connection, key: ApiKey, secret_hash: str) -> None:
    connection.execute(
        insert(api_key).values(
            id=key.id,
            tenant=key.tenant,
            label=key.label,
            secret_hash=secret_hash,
            created_at=key.created_at,
            revoked_at=key.revoked_at,
            scopes=[scope.value for scope in in_order(key.scopes)],
            expires_at=key.expires_at,
            replaces=key.replaces,
            **_limits(key.limits),
        )
    )


def _limits(limits: KeyLimits) -> dict[str, Any]:
    return asdict(limits) | {"models": list(limits.models) if limits.models is not None else None}


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    # Keys of the first version hold no scopes: they were good for everything.
    scopes = EVERY_SCOPE if row.scopes is None else frozenset(map(Scope, row.scopes))
    return ApiKey(
        id=row.id,
        tenant=row.tenant,
        label=row.label,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        scopes=scopes,
        expires_at=row.expires_at,
        replaces=row.replaces,
        limits=KeyLimits(
            models=tuple(row.models) if row.models is not None else None,
            requests_minute=row.requests_minute,
            tokens_day=row.tokens_day,
            concurrency=row.concurrency,
            priority=row.priority,
        ),
    )
