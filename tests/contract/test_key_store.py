"""Both key stores keep the same promises."""

from collections.abc import Iterator

import pytest
from tests.support.jobs import Timepiece

from pressroom.adapters.memory.keys import MemoryKeyStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.domain.scopes import Scope
from pressroom.jobs.ports import ApiKey, KeyStore

HASH = "f" * 64


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def keys(request: pytest.FixtureRequest, clock: Timepiece) -> Iterator[KeyStore]:
    if request.param == "memory":
        yield MemoryKeyStore(clock)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    yield SqlKeyStore(database)
    database.close()


def _key(key_id: str = "0123456789ab", tenant: str = "acme", created_at: int = 1) -> ApiKey:
    return ApiKey(key_id, tenant, "the shop", created_at)


def test_a_key_is_found_with_its_hash(keys: KeyStore) -> None:
    keys.add(_key(), HASH)
    assert keys.find("0123456789ab") == (_key(), HASH)


@pytest.mark.parametrize("key_id", ["", "nope", "\x00", "é", "' OR 1=1 --"])
def test_an_unknown_key_is_not_there(keys: KeyStore, key_id: str) -> None:
    keys.add(_key(), HASH)
    assert keys.find(key_id) is None
    assert not keys.revoke(key_id)


def test_a_tenant_may_have_several(keys: KeyStore) -> None:
    keys.add(_key("b" * 12, created_at=2), HASH)
    keys.add(_key("a" * 12, created_at=1), HASH)
    keys.add(_key("c" * 12, "globex", created_at=3), HASH)
    assert [key.id[0] for key in keys.all()] == ["a", "b", "c"]


def test_a_key_is_revoked_once_and_stays_known(keys: KeyStore, clock: Timepiece) -> None:
    keys.add(_key(), HASH)
    assert keys.revoke("0123456789ab")
    first = clock.wall
    clock.pass_ms(5)
    assert not keys.revoke("0123456789ab")
    found = keys.find("0123456789ab")
    assert found is not None
    assert found[0].revoked_at == first
    assert [key.revoked_at for key in keys.all()] == [first]


def test_an_id_is_used_once(keys: KeyStore) -> None:
    keys.add(_key(), HASH)
    with pytest.raises(Exception, match=r"(?i)unique|already"):
        keys.add(_key(), "0" * 64)
    found = keys.find("0123456789ab")
    assert found is not None
    assert found[1] == HASH


def test_scopes_and_times_are_kept(keys: KeyStore) -> None:
    key = ApiKey("0123456789ab", "acme", "", 1, scopes=frozenset({Scope.READ}), expires_at=9, replaces="x")
    keys.add(key, HASH)
    assert keys.find("0123456789ab") == (key, HASH)


def test_a_rotation_adds_the_new_key_and_dates_the_old_one(keys: KeyStore) -> None:
    keys.add(_key(), HASH)
    new = ApiKey("b" * 12, "acme", "", 2, replaces="0123456789ab")
    assert keys.rotate(new, "0" * 64, 100)
    assert keys.find("b" * 12) == (new, "0" * 64)
    found = keys.find("0123456789ab")
    assert found is not None
    assert (found[0].expires_at, found[0].revoked_at) == (100, None)


@pytest.mark.parametrize(("before", "after"), [(50, 50), (None, 100), (200, 100)])
def test_a_rotation_never_lengthens_the_old_keys_life(keys: KeyStore, before: int | None, after: int) -> None:
    keys.add(ApiKey("0123456789ab", "acme", "", 1, expires_at=before), HASH)
    assert keys.rotate(ApiKey("b" * 12, "acme", "", 2, replaces="0123456789ab"), "0" * 64, 100)
    found = keys.find("0123456789ab")
    assert found is not None
    assert found[0].expires_at == after


@pytest.mark.parametrize("old", ["0123456789ab", "nope", "\x00", None])
def test_no_rotation_of_what_is_not_in_use(keys: KeyStore, old: str | None) -> None:
    keys.add(_key(), HASH)
    keys.revoke("0123456789ab")
    assert not keys.rotate(ApiKey("b" * 12, "acme", "", 2, replaces=old), "0" * 64, 100)
    assert keys.find("b" * 12) is None
