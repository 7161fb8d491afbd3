"""Pictures that a job works on, and what may be done with them."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pressroom.contract.base import Wire

Operation = Literal["sample", "reconstruct", "variation", "interpolate", "edit", "inpaint", "upscale", "icon"]
"""What a picture model is asked to do; each model offers some of them."""

# Of one job, together: what its outputs take in memory while they wait to be stored is bounded by that.
MOST_PIXELS = 16_777_216
# Of a picture that a job works on.
MOST_PIXELS_GIVEN = 1_048_576
# A side of an icon whose size is not told.
ICON_SIDE = 256

UploadId = Annotated[str, StringConstraints(pattern=r"^upl_[0-9a-f]{32}$")]
JobId = Annotated[str, StringConstraints(pattern=r"^job_[0-9a-f]{32}$")]
Base64 = Annotated[str, StringConstraints(min_length=4, max_length=20_000_000)]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2048)]


class OutputRef(Wire):
    """A picture that an earlier job of yours has made."""

    job: JobId
    n: int = Field(0, ge=0, description="Which of its outputs.")


class Picture(Wire):
    """A picture, told in one of four ways. Whichever it is, the job keeps its own copy: an upload, whose id stands here
    in the job that is answered."""

    upload: UploadId | None = Field(None, description="One that you sent to `/v1/uploads`.")
    output: OutputRef | None = None
    base64: Base64 | None = Field(
        None, description="A PNG, JPEG or WebP file. Larger ones than a body may be are uploaded first."
    )
    url: Url | None = Field(
        None,
        description="Where such a file lies on the web. It is fetched once, when the job is posted; not in a batch.",
    )

    goes_with_job: bool = Field(
        False,
        description="Of an upload: it is removed when this job is erased. Pictures that are told in another way always are.",
    )

    @model_validator(mode="after")
    def _told_once(self) -> Self:
        told = [name for name in ("upload", "output", "base64", "url") if getattr(self, name) is not None]
        if len(told) != 1:
            raise ValueError("give exactly one of upload, output, base64 and url")
        return self
