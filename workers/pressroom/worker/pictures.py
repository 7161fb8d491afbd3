"""What a picture job works on, out of the artifact store: its uploads as pixels."""

import io
from dataclasses import dataclass

import numpy as np

from pressroom.contract.jobs import JobInput
from pressroom.contract.pictures import Picture
from pressroom.domain.errors import OutputUnknown, PressroomError
from pressroom.engines.base import Pixels
from pressroom.jobs.ports import ArtifactStore
from pressroom.jobs.uploads import upload_path


class PictureGone(PressroomError):
    """The upload that the job names is not there any more: nothing can be made of it."""

    code = "picture_gone"


@dataclass(frozen=True, slots=True)
class Given:
    """Pixels of a job's input."""

    pictures: tuple[Pixels, ...] = ()
    mask: Pixels | None = None


def load(artifacts: ArtifactStore, given: JobInput) -> Given:
    """Raises PictureGone, ArtifactsUnavailable."""
    if not given.pictures:
        return Given()
    mask = None if given.mask is None else _pixels(artifacts, given.mask, grey=True)
    return Given(tuple(_pixels(artifacts, picture) for picture in given.pictures), mask)


def _pixels(artifacts: ArtifactStore, picture: Picture, *, grey: bool = False) -> Pixels:
    """Of a file that was written by this project when it was taken in: grey, RGB or RGBA."""
    from PIL import Image  # a text worker needs no picture library

    try:
        content = artifacts.get(upload_path(picture.upload or ""))
    except OutputUnknown as error:
        raise PictureGone(
            "A picture that this job works on is not there any more: it was removed before the job ran. Post the job with it again."
        ) from error
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("L") if grey else opened)
