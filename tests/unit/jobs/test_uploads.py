"""Uploads: bytes before the row, the row before nothing; what is over is gone at once."""

import pytest
from tests.support.troubled import without_artifacts

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.domain.errors import ArtifactsUnavailable, DatabaseUnavailable, OutputUnknown, UploadUnknown
from pressroom.jobs.uploads import CleanPicture, Upload, UploadKeeping, Uploads


class Cleaner:
    def clean(self, given: bytes) -> CleanPicture:
        return CleanPicture(b"clean " + given, "image/png", 4, 3)


class World:
    def __init__(self) -> None:
        self.now = 1_000
        self.store = MemoryUploadStore()
        self.artifacts = without_artifacts(MemoryArtifacts())
        self.uploads = Uploads(self.store, self.artifacts, Cleaner(), ttl_s=60, wall_ms=lambda: self.now)
        self.keeping = UploadKeeping(self.store, self.artifacts, wall_ms=lambda: self.now)


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_kept_is_the_clean_picture(world: World) -> None:
    upload = world.uploads.take("acme", b"bytes")
    assert (upload.size, upload.width, upload.height, upload.expires_at) == (11, 4, 3, 61_000)
    assert world.uploads.find("acme", upload.id) == upload
    assert world.uploads.content(upload) == b"clean bytes"


def test_its_time_is_over_at_once_and_the_rest_follows(world: World) -> None:
    upload = world.uploads.take("acme", b"bytes")
    world.now = upload.expires_at - 1
    assert world.uploads.find("acme", upload.id)
    assert world.keeping.forget_expired() == 0
    world.now += 1
    with pytest.raises(UploadUnknown):
        world.uploads.find("acme", upload.id)
    # Who found it a moment ago may be having it kept.
    assert world.keeping.forget_expired() == 0
    world.now += 60_000
    assert world.keeping.forget_expired() == 1
    with pytest.raises(OutputUnknown):
        world.uploads.content(upload)
    assert world.keeping.forget_expired() == 0


def test_bytes_that_cannot_be_removed_are_tried_again(world: World) -> None:
    upload = world.uploads.take("acme", b"bytes")
    world.now = upload.expires_at + 60_000
    world.artifacts.fail("erase", times=1)
    assert world.keeping.forget_expired() == 0
    assert world.keeping.forget_expired() == 1


def test_no_row_without_bytes_and_no_bytes_without_a_row(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.artifacts.fail("put", times=1)
    with pytest.raises(ArtifactsUnavailable):
        world.uploads.take("acme", b"bytes")
    assert not world.store._rows
    paths: list[str] = []

    def away(upload: Upload) -> None:
        paths.append(upload.artifact)
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(world.store, "add", away)
    with pytest.raises(DatabaseUnavailable):
        world.uploads.take("acme", b"bytes")
    with pytest.raises(OutputUnknown):
        world.artifacts.get(paths[0])


@pytest.mark.parametrize("upload_id", ["", "job_" + "0" * 32, "upl_x", "../etc", "\0"])
def test_what_is_no_id_is_not_even_looked_for(
    world: World, upload_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(MemoryUploadStore, "find")
    with pytest.raises(UploadUnknown):
        world.uploads.find("acme", upload_id)
    with pytest.raises(UploadUnknown):
        world.uploads.remove("acme", upload_id)


def test_the_owner_removes_it_and_nobody_else(world: World) -> None:
    upload = world.uploads.take("acme", b"bytes")
    with pytest.raises(UploadUnknown):
        world.uploads.remove("globex", upload.id)
    world.uploads.remove("acme", upload.id)
    with pytest.raises(UploadUnknown):
        world.uploads.find("acme", upload.id)
    with pytest.raises(OutputUnknown):
        world.artifacts.get(upload.artifact)
