"""Templates and voices by version: what holds in memory, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pressroom.adapters.memory.copy import MemoryCopyStore
from pressroom.adapters.sql.copy import SqlCopyStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.jobs.copy_ports import CopyStore


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[CopyStore]:
    if request.param == "memory":
        yield MemoryCopyStore()
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")))
    yield SqlCopyStore(database)
    database.close()


def test_nothing_is_there_at_first(store: CopyStore) -> None:
    assert store.newest("acme", "template") == ()
    assert store.find("acme", "template", "title") is None
    assert not store.remove("acme", "template", "title")


def test_each_change_is_a_version_and_what_says_the_same_is_none(store: CopyStore) -> None:
    first = store.keep("acme", "template", "title", {"body": "a", "variables": []})
    assert (first.kind, first.name, first.version, first.body) == (
        "template",
        "title",
        1,
        {"body": "a", "variables": []},
    )
    assert (first.created_at or 0) > 1_700_000_000_000
    assert store.keep("acme", "template", "title", {"variables": [], "body": "a"}) == first
    second = store.keep("acme", "template", "title", {"body": "灯"})
    assert second.version == 2
    back = store.keep("acme", "template", "title", {"body": "a", "variables": []})
    assert back.version == 3
    assert store.find("acme", "template", "title") == back
    assert store.find("acme", "template", "title", 2) == second
    assert store.find("acme", "template", "title", 4) is None


def test_tenants_and_kinds_have_their_own(store: CopyStore) -> None:
    ours = store.keep("acme", "template", "house", {"body": "a"})
    voice = store.keep("acme", "voice", "house", {"tone": "warm"})
    theirs = store.keep("globex", "template", "house", {"body": "b"})
    other = store.keep("acme", "template", "Zebra", {"body": "c"})
    store.keep("acme", "template", "house", {"body": "d"})
    assert [(each.name, each.version) for each in store.newest("acme", "template")] == [
        ("Zebra", 1),
        ("house", 2),
    ]
    assert store.newest("acme", "voice") == (voice,)
    assert store.remove("acme", "template", "house")
    assert store.find("acme", "template", "house", ours.version) is None
    assert store.newest("acme", "template") == (other,)
    assert store.find("globex", "template", "house") == theirs
    assert store.find("acme", "voice", "house") == voice


def test_many_at_once_make_each_a_version_of_its_own(store: CopyStore) -> None:
    with ThreadPoolExecutor(8) as at_once:
        made = list(at_once.map(lambda n: store.keep("acme", "voice", "house", {"tone": str(n)}), range(24)))
    assert sorted(each.version for each in made) == list(range(1, 25))
    for each in made:
        assert store.find("acme", "voice", "house", each.version) == each
