"""The decoder of uploads without its process, for tests that send many."""

from pressroom.adapters.pictures.child import Refused, cleaned
from pressroom.domain.errors import PictureInvalid
from pressroom.jobs.uploads import CleanPicture


class QuickCleaner:
    """The port ``PictureCleaner``, unprotected."""

    def clean(self, given: bytes) -> CleanPicture:
        try:
            (width, height), content = cleaned(given, 8_192, 16_777_216)
        except Refused as error:
            raise PictureInvalid(f"The picture is not taken: {error}.", field="body") from error
        return CleanPicture(content, "image/png", width, height)
