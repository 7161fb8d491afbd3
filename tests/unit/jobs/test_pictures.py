"""The pictures of a job: whichever way they are told, they are the job's own, and nothing is left of one that was refused."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.front import PICTURE
from tests.support.pictures import QuickCleaner

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryResultCache
from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.contract.jobs import JobInput
from pressroom.domain.errors import (
    InputInvalid,
    PictureInvalid,
    PictureUnreachable,
    PressroomError,
    UploadUnknown,
)
from pressroom.domain.outgoing import AddressNotPublic, ConnectFailed, Reply
from pressroom.domain.times import wall_ms
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.pictures import Pictures, keep_pictures
from pressroom.jobs.uploads import Upload, Uploads

URL = "https://shop.example/boot.png"
TTL_S, KEEP_S = 100, 5_000


class _Web:
    """Answers every call alike, or fails."""

    def __init__(self) -> None:
        self.reply = Reply(200, {}, PICTURE, True)
        self.failure: PressroomError | None = None
        self.asked: list[tuple[str, str, int]] = []

    def check(self, url: str, *, look_up: bool = True) -> str:
        return url

    def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", most_bytes: int = 0
    ) -> Reply:
        self.asked.append((method, url, most_bytes))
        if self.failure is not None:
            raise self.failure
        return self.reply


class World:
    def __init__(self) -> None:
        self.store, self.artifacts, self.web = MemoryUploadStore(), MemoryArtifacts(), _Web()
        self.uploads = Uploads(self.store, self.artifacts, QuickCleaner(), ttl_s=TTL_S)
        fetcher = Fetcher(MemoryJobStore(), MemoryResultCache(), self.artifacts)
        self.pictures = Pictures(self.uploads, fetcher, self.web, most_bytes=1_000)

    def pin(self, *pictures: Mapping[str, Any], tenant: str = "acme", fetch: bool = True, **more: Any) -> Any:
        given = JobInput.model_validate({"pictures": list(pictures), **more})
        return self.pictures.pin(tenant, given, KEEP_S, fetch=fetch)

    @property
    def kept(self) -> list[Upload]:
        return list(self.store._rows.values())

    @property
    def empty(self) -> bool:
        return not self.kept and not self.artifacts._contents


@pytest.fixture
def world() -> World:
    return World()


def _inline(content: bytes = PICTURE) -> dict[str, str]:
    return {"base64": base64.b64encode(content).decode()}


def _left_s(upload: Upload) -> float:
    return (upload.expires_at - wall_ms()) / 1000


def test_an_upload_is_kept_for_as_long_as_the_job_may_need_it(world: World) -> None:
    upload = world.uploads.take("acme", PICTURE)
    pinned = world.pin({"upload": upload.id})
    assert pinned.made == ()
    assert [picture.upload for picture in pinned.input.pictures] == [upload.id]
    assert not pinned.input.pictures[0].goes_with_job
    assert _left_s(world.kept[0]) == pytest.approx(KEEP_S, abs=5)


@pytest.mark.parametrize("picture", [_inline(), {"url": URL}])
def test_bytes_become_an_upload_of_the_jobs_own(world: World, picture: dict[str, str]) -> None:
    pinned = world.pin(picture)
    assert pinned.made == (pinned.input.pictures[0].upload,)
    assert pinned.input.pictures[0].goes_with_job
    assert (pinned.pictures[0].width, pinned.pictures[0].height) == (6, 4)
    assert _left_s(pinned.pictures[0]) == pytest.approx(KEEP_S, abs=5)
    assert world.artifacts.get(pinned.pictures[0].artifact).startswith(b"\x89PNG")


def test_a_url_is_asked_once_and_for_so_many_bytes(world: World) -> None:
    world.pin({"url": URL})
    assert world.web.asked == [("GET", URL, 1_000)]


def test_the_mask_is_pinned_beside_the_picture(world: World) -> None:
    pinned = world.pin(_inline(), mask=_inline())
    assert len(pinned.made) == 2
    assert pinned.mask is not None
    assert pinned.input.mask.upload == pinned.mask.id


@pytest.mark.parametrize(
    ("picture", "told", "field"),
    [
        ({"upload": "upl_" + "9" * 32}, UploadUnknown, "input.pictures.1"),
        ({"base64": "!!!!"}, InputInvalid, "input.pictures.1.base64"),
        (_inline(b"no picture"), PictureInvalid, "input.pictures.1"),
        ({"output": {"job": "job_" + "9" * 32}}, PressroomError, "input.pictures.1"),
    ],
)
def test_what_is_refused_says_where_and_leaves_nothing_of_the_others(
    world: World, picture: dict[str, Any], told: type[PressroomError], field: str
) -> None:
    with pytest.raises(told) as refused:
        world.pin(_inline(), picture)
    assert refused.value.field == field
    assert world.empty


def test_another_tenants_upload_is_unknown(world: World) -> None:
    upload = world.uploads.take("globex", PICTURE)
    with pytest.raises(UploadUnknown):
        world.pin({"upload": upload.id})
    assert _left_s(world.kept[0]) < KEEP_S / 2


@pytest.mark.parametrize(
    ("reply", "told", "words"),
    [
        (Reply(302, {"location": "https://elsewhere.example"}, b"", True), PictureUnreachable, "redirect"),
        (Reply(404, {}, b"", True), PictureUnreachable, "404"),
        (Reply(503, {}, PICTURE, True), PictureUnreachable, "503"),
        (Reply(200, {}, PICTURE, False), PictureInvalid, "larger than 1,000 bytes"),
        (Reply(200, {}, b"<html>", True), PictureInvalid, "no PNG"),
        (Reply(200, {}, b"", True), PictureInvalid, "no PNG"),
    ],
)
def test_what_the_web_answers_instead_of_a_picture_is_told(
    world: World, reply: Reply, told: type[PressroomError], words: str
) -> None:
    world.web.reply = reply
    with pytest.raises(told, match=words) as refused:
        world.pin({"url": URL})
    assert refused.value.field is not None
    assert refused.value.field.startswith("input.pictures.0")
    assert world.empty


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ConnectFailed("Nothing listens there."), PictureUnreachable),
        (AddressNotPublic("It is not public."), AddressNotPublic),
    ],
)
def test_what_cannot_or_must_not_be_called_is_told(
    world: World, failure: PressroomError, told: type[PressroomError]
) -> None:
    world.web.failure = failure
    with pytest.raises(told) as refused:
        world.pin({"url": URL})
    assert refused.value.field == "input.pictures.0.url"


def test_rows_of_a_batch_fetch_nothing(world: World) -> None:
    with pytest.raises(InputInvalid, match="batch"):
        world.pin({"url": URL}, fetch=False)
    assert world.web.asked == []
    assert world.pin(_inline(), fetch=False).made


def test_what_was_made_for_a_job_goes_with_it_and_an_upload_stays_unless_told(world: World) -> None:
    mine, lent = world.uploads.take("acme", PICTURE), world.uploads.take("acme", PICTURE)
    pinned = world.pin({"upload": mine.id}, {"upload": lent.id, "goes_with_job": True}, mask=_inline())
    world.pictures.erase_with("acme", pinned.input)
    assert [upload.id for upload in world.kept] == [mine.id]
    world.pictures.erase_with("acme", pinned.input)  # what is gone already is no trouble


def test_what_is_asked_for_again_is_kept_again(world: World) -> None:
    pinned = world.pin(_inline())
    keep_pictures(world.store, "acme", pinned.input, 3 * KEEP_S)
    assert _left_s(world.kept[0]) == pytest.approx(3 * KEEP_S, abs=5)
    world.uploads.remove("acme", pinned.made[0])
    with pytest.raises(UploadUnknown):
        keep_pictures(world.store, "acme", pinned.input, KEEP_S)
