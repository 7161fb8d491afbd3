"""Both upload stores keep the same promises."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.adapters.sql.uploads import SqlUploadStore
from pressroom.domain.errors import UploadUnknown
from pressroom.domain.ids import new_id
from pressroom.jobs.ports import ApiKey
from pressroom.jobs.uploads import Upload, UploadStore


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[UploadStore]:
    if request.param == "memory":
        yield MemoryUploadStore()
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")))
    for tenant in ("acme", "globex"):
        SqlKeyStore(database).add(ApiKey(tenant, tenant, "", 1), "f" * 64)
    yield SqlUploadStore(database)
    database.close()


def made(tenant: str = "acme", expires_at: int = 100) -> Upload:
    upload_id = new_id("upl")
    return Upload(upload_id, tenant, "image/png", 5, "a" * 64, 4, 3, f"{upload_id}/1/0.png", 1, expires_at)


def test_an_upload_is_found_as_it_was_added(store: UploadStore) -> None:
    upload = made()
    store.add(upload)
    assert store.find("acme", upload.id) == upload


@pytest.mark.parametrize("upload_id", ["", "nope", "\x00", "é", "' OR 1=1 --"])
def test_what_is_unknown_is_not_there(store: UploadStore, upload_id: str) -> None:
    store.add(made())
    with pytest.raises(UploadUnknown):
        store.find("acme", upload_id)
    with pytest.raises(UploadUnknown):
        store.remove("acme", upload_id)


def test_another_tenants_is_not_there(store: UploadStore) -> None:
    upload = made()
    store.add(upload)
    with pytest.raises(UploadUnknown):
        store.find("globex", upload.id)
    with pytest.raises(UploadUnknown):
        store.remove("globex", upload.id)
    assert store.find("acme", upload.id) == upload


def test_one_is_removed_once(store: UploadStore) -> None:
    upload = made()
    store.add(upload)
    assert store.remove("acme", upload.id) == upload
    with pytest.raises(UploadUnknown):
        store.find("acme", upload.id)
    with pytest.raises(UploadUnknown):
        store.remove("acme", upload.id)


def test_the_expired_ones_oldest_first(store: UploadStore) -> None:
    uploads = [made(expires_at=at) for at in (30, 10, 20, 31)]
    for upload in uploads:
        store.add(upload)
    found = store.expired(30)
    assert [upload.expires_at for upload in found] == [10, 20, 30]
    assert store.expired(30, limit=1) == found[:1]
    assert store.expired(9) == ()
    assert replace(found[0]) in uploads


def test_it_is_kept_for_longer_and_never_for_less(store: UploadStore) -> None:
    upload = made(expires_at=100)
    store.add(upload)
    assert store.keep("acme", upload.id, 500) == replace(upload, expires_at=500)
    assert store.keep("acme", upload.id, 200) == replace(upload, expires_at=500)
    assert store.find("acme", upload.id).expires_at == 500
    assert store.expired(499) == ()


@pytest.mark.parametrize("upload_id", ["", "nope", "\x00"])
def test_what_is_not_there_cannot_be_kept(store: UploadStore, upload_id: str) -> None:
    upload = made()
    store.add(upload)
    with pytest.raises(UploadUnknown):
        store.keep("acme", upload_id, 500)
    with pytest.raises(UploadUnknown):
        store.keep("globex", upload.id, 500)
    assert store.find("acme", upload.id) == upload
