"""The decoder of uploads without its process, for tests that send many; the pictures of jobs over memory."""

from tests.support.outgoing import quiet_outgoing

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.redis import MemoryResultCache
from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.adapters.pictures.child import Refused, cleaned
from pressroom.domain.errors import PictureInvalid
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.pictures import Pictures
from pressroom.jobs.ports import ArtifactStore, JobStore
from pressroom.jobs.uploads import CleanPicture, Uploads, UploadStore


class QuickCleaner:
    """The port ``PictureCleaner``, unprotected."""

    def clean(self, given: bytes) -> CleanPicture:
        try:
            (width, height), content = cleaned(given, 8_192, 16_777_216)
        except Refused as error:
            raise PictureInvalid(f"The picture is not taken: {error}.", field="body") from error
        return CleanPicture(content, "image/png", width, height)


def pictures_over(
    store: JobStore, artifacts: ArtifactStore | None = None, uploads: UploadStore | None = None
) -> Pictures:
    """Those of jobs in ``store``; nothing is fetched from anywhere."""
    bytes_of = artifacts or MemoryArtifacts()
    kept = Uploads(uploads or MemoryUploadStore(), bytes_of, QuickCleaner(), ttl_s=3_600)
    return Pictures(
        kept, Fetcher(store, MemoryResultCache(), bytes_of), quiet_outgoing(), most_bytes=1_000_000
    )
