"""The table of templates and voices: a row a version."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, Named, String, Table, TypedColumns

from pressroom.adapters.sql.tables import metadata


class CopyVersionColumns(TypedColumns):
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"), primary_key=True)
    kind: Named[str] = Column(String(16), primary_key=True)
    name: Named[str] = Column(String(64), primary_key=True)
    version: Named[int] = Column(Integer, primary_key=True)
    body: Named[dict[str, Any]] = Column(JSON)
    created_at: Named[int] = Column(BigInteger)


copy_version = Table("copy_version", metadata, CopyVersionColumns)
