"""``SqlWordListStore``: word lists in a table of their own."""

from sqlalchemy import Connection, delete, select

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tenants import open_tenant
from pressroom.adapters.sql.word_list_tables import word_list
from pressroom.domain.word_lists import WordList


class SqlWordListStore:
    """The port ``WordListStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lists(self, tenant: str) -> tuple[WordList, ...]:
        wanted = select(word_list).where(word_list.c.tenant == tenant)
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        # Databases sort names as their locale does.
        return tuple(
            sorted(
                (WordList(row.name, row.category, tuple(row.words), row.updated_at) for row in rows),
                key=lambda each: each.name,
            )
        )

    def keep(self, tenant: str, words: WordList) -> WordList:
        def move(connection: Connection) -> WordList:
            now = self._database.now(connection).wall
            open_tenant(self._database, connection, tenant, now)
            values = {"category": words.category, "words": list(words.words), "updated_at": now}
            connection.execute(
                self._database.upsert(word_list)
                .values(tenant=tenant, name=words.name, **values)
                .on_conflict_do_update(index_elements=[word_list.c.tenant, word_list.c.name], set_=values)
            )
            return WordList(words.name, words.category, words.words, now)

        return self._database.write(move)

    def remove(self, tenant: str, name: str) -> bool:
        statement = delete(word_list).where(word_list.c.tenant == tenant, word_list.c.name == name)
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)
