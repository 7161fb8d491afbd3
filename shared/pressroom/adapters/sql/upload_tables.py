"""The table of uploads: pictures that a tenant sent in, decoded and written anew before they are kept."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Named, String, Table, TypedColumns

from pressroom.adapters.sql.tables import metadata


class UploadColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"))
    media_type: Named[str] = Column(String(128))
    size: Named[int] = Column(BigInteger)
    sha256: Named[str] = Column(String(64))
    width: Named[int] = Column(Integer)
    height: Named[int] = Column(Integer)
    artifact: Named[str] = Column(String(255))
    created_at: Named[int] = Column(BigInteger)
    expires_at: Named[int] = Column(BigInteger)


upload = Table(
    "upload", metadata, UploadColumns, Index(None, "tenant", "created_at"), Index(None, "expires_at")
)
