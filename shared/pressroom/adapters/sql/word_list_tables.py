"""The table of word lists: a row a list, since a list is read and changed whole."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Named, String, Table, TypedColumns

from pressroom.adapters.sql.tables import metadata


class WordListColumns(TypedColumns):
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"), primary_key=True)
    name: Named[str] = Column(String(64), primary_key=True)
    category: Named[str] = Column(String(80))
    words: Named[list[str]] = Column(JSON)
    updated_at: Named[int] = Column(BigInteger)


word_list = Table("word_list", metadata, WordListColumns)
