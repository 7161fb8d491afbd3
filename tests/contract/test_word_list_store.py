"""Word lists: what holds in memory, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator

import pytest

from pressroom.adapters.memory.word_lists import MemoryWordListStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.word_lists import SqlWordListStore
from pressroom.domain.errors import InputInvalid, WordListUnknown
from pressroom.domain.word_lists import WordList
from pressroom.jobs.word_lists import MOST_LISTS, WordLists, WordListStore

RIVALS = WordList("rivals", "competitors", ("Globex", "便宜", "O'Reilly"))


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[WordListStore]:
    if request.param == "memory":
        yield MemoryWordListStore()
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")))
    yield SqlWordListStore(database)
    database.close()


def test_nobody_has_lists_at_first(store: WordListStore) -> None:
    assert store.lists("acme") == ()
    assert not store.remove("acme", "rivals")


def test_a_list_is_one_tenants_and_is_changed_whole(store: WordListStore) -> None:
    kept = store.keep("acme", RIVALS)
    assert kept.updated_at > 1_700_000_000_000
    assert (kept.name, kept.category, kept.words) == (RIVALS.name, RIVALS.category, RIVALS.words)
    assert store.lists("acme") == (kept,)
    assert store.lists("globex") == ()
    other = store.keep("globex", WordList("rivals", "x", ("Acme",)))
    changed = store.keep("acme", WordList("rivals", "violence", ("knife",)))
    assert store.lists("acme") == (changed,)
    assert store.lists("globex") == (other,)
    assert store.remove("acme", "rivals")
    assert store.lists("acme") == ()
    assert store.lists("globex") == (other,)


def test_lists_come_by_name_whatever_the_database_sorts_by(store: WordListStore) -> None:
    for name in ("b", "a", "Z", "a-b", "a.b", "B"):
        store.keep("acme", WordList(name, "x", ("y",)))
    assert [each.name for each in store.lists("acme")] == ["B", "Z", "a", "a-b", "a.b", "b"]


def test_what_all_lists_may_hold_together_is_bounded(store: WordListStore) -> None:
    lists = WordLists(store)
    lists.keep("acme", "long", "x", [f"w{n}" for n in range(9_990)])
    with pytest.raises(InputInvalid, match="10,000") as refused:
        lists.keep("acme", "more", "x", [f"w{n}" for n in range(11)])
    assert refused.value.field == "words"
    lists.keep("acme", "more", "x", [f"w{n}" for n in range(10)])
    # Its own words make room for those that replace them.
    lists.keep("acme", "long", "x", [f"v{n}" for n in range(9_990)])
    lists.keep("globex", "long", "x", [f"w{n}" for n in range(9_990)])


def test_how_many_lists_there_may_be_is_bounded(store: WordListStore) -> None:
    lists = WordLists(store)
    for n in range(MOST_LISTS):
        lists.keep("acme", f"list-{n}", "x", ["y"])
    with pytest.raises(InputInvalid, match=f"{MOST_LISTS}"):
        lists.keep("acme", "one-more", "x", ["y"])
    lists.keep("acme", "list-3", "x", ["z"])


def test_a_word_that_no_text_can_have_is_named(store: WordListStore) -> None:
    with pytest.raises(InputInvalid) as refused:
        WordLists(store).keep("acme", "marks", "x", ["fine", "!?"])
    assert refused.value.field == "words.1"
    assert store.lists("acme") == ()


def test_a_word_that_is_there_twice_is_kept_once(store: WordListStore) -> None:
    assert WordLists(store).keep("acme", "twice", "x", ["b", "a", "b"]).words == ("b", "a")


def test_what_is_not_there_is_said_to_be_unknown(store: WordListStore) -> None:
    with pytest.raises(WordListUnknown):
        WordLists(store).find("acme", "rivals")
    with pytest.raises(WordListUnknown):
        WordLists(store).remove("acme", "rivals")
