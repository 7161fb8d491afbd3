"""The pictures that a job works on: whichever way they are told, the job keeps them as uploads of its own.

    upload          kept for as long as the job's input is
    output, base64  ──▶ decoded and written anew ──▶ an upload
    url             ──▶ fetched once, through the guarded way out ──▶ the same

So what a job was accepted with is there when it runs, and when it runs again, whatever becomes of the place that the picture
came from.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from pressroom.contract.jobs import JobInput
from pressroom.contract.pictures import Picture
from pressroom.domain.errors import (
    InputInvalid,
    NotThere,
    PictureInvalid,
    PictureUnreachable,
    Unavailable,
    UploadUnknown,
)
from pressroom.domain.outgoing import CallFailed, Outgoing, TargetRefused
from pressroom.domain.times import wall_ms
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.uploads import Upload, Uploads, UploadStore
from pressroom.telemetry import get_logger

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pinned:
    """``input`` names uploads alone. ``made``: ids of those that were made for it."""

    input: JobInput
    pictures: tuple[Upload, ...]
    mask: Upload | None
    made: tuple[str, ...]


class Pictures:
    """Pins the pictures of jobs. ``most_bytes`` of a file are read from the web. Thread-safe."""

    def __init__(self, uploads: Uploads, fetcher: Fetcher, outgoing: Outgoing, *, most_bytes: int) -> None:
        self._uploads = uploads
        self._fetcher = fetcher
        self._outgoing = outgoing
        self._most_bytes = most_bytes

    def pin(self, tenant: str, given: JobInput, keep_s: int, *, fetch: bool = True) -> Pinned:
        """Have all pictures as uploads for ``keep_s`` seconds at least. ``fetch``: also those that lie on the web.

        Raises InputInvalid, PictureInvalid, PictureUnreachable, TargetRefused, and for what a picture refers to UploadUnknown,
        JobUnknown, JobErased, OutputUnknown; Busy, NoRoom, ArtifactsUnavailable, DatabaseUnavailable. Nothing is left behind
        then."""
        made: list[str] = []

        def pinned(picture: Picture, field: str) -> tuple[Picture, Upload]:
            upload = self._upload(tenant, picture, field, keep_s, fetch)
            if picture.upload is not None:
                return picture, upload
            made.append(upload.id)
            return Picture(upload=upload.id, goes_with_job=True), upload

        try:
            pictures = [
                pinned(picture, f"input.pictures.{n}") for n, picture in enumerate(given.pictures or ())
            ]
            mask, of_mask = pinned(given.mask, "input.mask") if given.mask is not None else (None, None)
        except BaseException:
            self.drop(tenant, made)
            raise
        named = given.model_copy(update={"pictures": tuple(each for each, _ in pictures), "mask": mask})
        return Pinned(named, tuple(upload for _, upload in pictures), of_mask, tuple(made))

    def erase_with(self, tenant: str, given: JobInput) -> None:
        """The job is erased: what was its own goes too."""
        self.drop(tenant, [each.upload or "" for each in named_pictures(given) if each.goes_with_job])

    def drop(self, tenant: str, made: Iterable[str]) -> None:
        """What cannot be removed now goes when its time is over."""
        for upload_id in made:
            try:
                self._uploads.remove(tenant, upload_id)
            except (Unavailable, UploadUnknown) as error:
                get_logger(__name__).warning("upload_left", upload=upload_id, reason=error.message)

    def _upload(self, tenant: str, picture: Picture, field: str, keep_s: int, fetch: bool) -> Upload:
        if picture.upload is not None:
            return _named(field, lambda: self._uploads.keep(tenant, picture.upload or "", keep_s))
        content = self._content(tenant, picture, field, fetch)
        try:
            return self._uploads.take(tenant, content, keep_s)
        except PictureInvalid as error:
            raise PictureInvalid(error.message, field=field) from error

    def _content(self, tenant: str, picture: Picture, field: str, fetch: bool) -> bytes:
        if picture.base64 is not None:
            try:
                return base64.b64decode(picture.base64, validate=True)
            except binascii.Error:
                raise InputInvalid("This is no base64.", field=f"{field}.base64") from None
        if picture.output is not None:
            ref = picture.output
            output = _named(field, lambda: self._fetcher.output(tenant, ref.job, ref.n))
            if not output.media_type.startswith("image/"):
                raise InputInvalid("That output is a text.", field=f"{field}.output")
            return _named(field, lambda: self._fetcher.content(output))
        if not fetch:
            raise InputInvalid(
                "The rows of a batch wait for nobody: upload the picture, and name the upload.",
                field=f"{field}.url",
            )
        return self._fetched(picture.url or "", f"{field}.url")

    def _fetched(self, url: str, field: str) -> bytes:
        try:
            reply = self._outgoing.call(
                "GET",
                url,
                headers={"Accept": "image/png, image/jpeg, image/webp"},
                most_bytes=self._most_bytes,
            )
        except TargetRefused as error:
            error.field = field
            raise
        except CallFailed as error:
            raise PictureUnreachable(
                f"The picture could not be fetched: {error.message}", field=field
            ) from error
        if 300 <= reply.status < 400:
            raise PictureUnreachable(
                "It lies somewhere else: give the last address, no redirect.", field=field
            )
        if reply.status != 200:
            raise PictureUnreachable(f"The picture's server answered {reply.status}.", field=field)
        if not reply.whole:
            raise PictureInvalid(f"The picture is larger than {self._most_bytes:,} bytes.", field=field)
        return reply.body


def keep_pictures(uploads: UploadStore, tenant: str, given: JobInput, keep_s: int) -> None:
    """Those of a job that is asked for again, for ``keep_s`` seconds at least. Raises UploadUnknown, DatabaseUnavailable."""
    until = wall_ms() + keep_s * 1000
    for picture in named_pictures(given):
        uploads.keep(tenant, picture.upload or "", until)


def named_pictures(given: JobInput) -> tuple[Picture, ...]:
    """All of a job's input, the mask last."""
    return (*(given.pictures or ()), *([given.mask] if given.mask is not None else []))


def _named(field: str, look: Callable[[], _T]) -> _T:
    """What is not there is told with the place in the request that asks for it."""
    try:
        return look()
    except NotThere as error:
        error.field = field
        raise
