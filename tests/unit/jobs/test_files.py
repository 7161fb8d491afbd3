"""Files of lines: kept in pieces, whole or not at all, and never taken for pictures."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.pictures import QuickCleaner
from tests.support.troubled import Troubled, without_artifacts

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.domain.errors import ArtifactsUnavailable, DatabaseUnavailable, OutputUnknown, UploadUnknown
from pressroom.jobs import files as module
from pressroom.jobs.files import Files
from pressroom.jobs.uploads import UploadKeeping, Uploads


class Now:
    """Milliseconds that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 8)


def _files(store: object = None, artifacts: object = None, now: Now | None = None) -> Files:
    return Files(
        store or MemoryUploadStore(),  # type: ignore[arg-type]
        artifacts or MemoryArtifacts(),  # type: ignore[arg-type]
        ttl_s=60,
        wall_ms=now or Now(),
    )


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_a_file_comes_out_as_it_went_in_however_it_came(chunks: list[bytes]) -> None:
    files, whole = _files(), b"".join(chunks)
    file = files.take("acme", chunks)
    assert (file.size, file.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert b"".join(files.content(files.find("acme", file.id))) == whole


def test_another_tenants_is_none_and_what_is_removed_is_gone() -> None:
    files = _files()
    file = files.take("acme", [b"0123456789"])
    with pytest.raises(UploadUnknown):
        files.find("globex", file.id)
    with pytest.raises(UploadUnknown):
        files.remove("globex", file.id)
    files.remove("acme", file.id)
    with pytest.raises(UploadUnknown):
        files.find("acme", file.id)
    with pytest.raises(OutputUnknown):
        list(files.content(file))


def test_a_file_is_no_picture_and_a_picture_no_file() -> None:
    store, artifacts = MemoryUploadStore(), MemoryArtifacts()
    files = _files(store, artifacts)
    uploads = Uploads(store, artifacts, QuickCleaner(), ttl_s=60, wall_ms=Now())
    file = files.take("acme", [b"{}"])
    for refused in (uploads.find, uploads.remove, lambda tenant, name: uploads.keep(tenant, name, 5)):
        with pytest.raises(UploadUnknown):
            refused("acme", file.id)
    assert files.find("acme", file.id) == file


def test_its_time_ends_and_the_relay_removes_it() -> None:
    store, artifacts, now = MemoryUploadStore(), MemoryArtifacts(), Now()
    files = _files(store, artifacts, now)
    file = files.take("acme", [b"0123456789"])
    now.ms += 60_000
    with pytest.raises(UploadUnknown):
        files.find("acme", file.id)
    now.ms += 60_000
    assert UploadKeeping(store, artifacts, wall_ms=now).forget_expired() == 1
    with pytest.raises(OutputUnknown):
        artifacts.get(file.artifact)


def test_what_breaks_off_leaves_nothing() -> None:
    def broken() -> Iterator[bytes]:
        yield b"0123456789" * 3
        raise ConnectionError

    artifacts = MemoryArtifacts()
    with pytest.raises(ConnectionError):
        _files(artifacts=artifacts).take("acme", broken())
    assert not artifacts._contents

    store = Troubled(MemoryUploadStore())
    store.fail("add")
    with pytest.raises(DatabaseUnavailable):
        _files(store, artifacts).take("acme", [b"0123456789"])
    assert not artifacts._contents

    full = without_artifacts(artifacts)
    full.fail("put")
    with pytest.raises(ArtifactsUnavailable):
        _files(artifacts=full).take("acme", [b"0123456789"])
    assert not artifacts._contents
