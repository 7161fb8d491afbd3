"""All outputs of a job as one ZIP file, written while it is sent: no more than one output is in memory at once."""

import zipfile
from collections.abc import Iterator
from itertools import chain

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import OutputUnknown
from pressroom.domain.job import Job
from pressroom.front.api.documents import REQUEST_ID, problems
from pressroom.front.api.outputs import file_name
from pressroom.jobs.fetch import Fetcher

# The same outputs are the same bytes, whenever they are asked for: the first moment that a ZIP can tell.
WHEN = (1980, 1, 1, 0, 0, 0)


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/jobs/{id}/archive``."""
    archive = APIBlueprint("archive", __name__, url_prefix="/v1/jobs", tag="Jobs")

    @archive.get("/<job_id>/archive")
    @archive.doc(
        operation_id="getArchive",
        responses={
            200: {
                "description": "A ZIP file.",
                "headers": REQUEST_ID,
                "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
            },
            **problems(404, 410),
        },
    )
    def get_archive(job_id: str) -> Response:
        """Fetch all outputs at once

        As one ZIP file, in which each has the name that it has alone."""
        job = parts.fetcher.job(g.tenant, job_id)
        if not job.outputs:
            raise OutputUnknown("This job has no outputs." if job.terminal else "This job has not ended yet.")
        pieces = _pieces(parts.fetcher, job)
        # The first one is read before the answer begins, so that one that is gone is still told as a problem.
        first = next(pieces)
        response = Response(chain([first], pieces), content_type="application/zip")
        response.headers["Content-Disposition"] = f'attachment; filename="{job_id}.zip"'
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    return archive


def _pieces(fetcher: Fetcher, job: Job) -> Iterator[bytes]:
    """A piece an output, and the directory at the end. Pictures are packed already, so nothing is packed again."""
    written = Written()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for output in job.outputs:
            entry = zipfile.ZipInfo(file_name(job.id, output), WHEN)
            archive.writestr(entry, fetcher.content(output))
            yield written.taken()
    yield written.taken()


class Written:
    """A file that is only written to; what was written is taken away."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes, /) -> int:
        self._bytes += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to give back."""

    def taken(self) -> bytes:
        taken, self._bytes = bytes(self._bytes), bytearray()
        return taken
