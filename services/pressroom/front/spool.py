"""A file of a form while it comes: small ones in memory, larger ones in the system's folder for temporary files (``TMPDIR``).

There it has no name, so that nothing is left of it, however the process ends.
"""

import errno
from tempfile import SpooledTemporaryFile
from typing import Any

from pressroom.domain.errors import NoRoom

_IN_MEMORY = 512_000
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_AGAIN_S = 30.0


class Spool(SpooledTemporaryFile[bytes]):
    """Says so where the disk is full."""

    def __init__(self) -> None:
        super().__init__(max_size=_IN_MEMORY, mode="w+b")

    def write(self, s: Any) -> int:
        """Raises NoRoom."""
        try:
            return super().write(s)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise NoRoom(
                "The disk that files lie on while they come is full; nothing of this one was kept. Send it again later.",
                retry_after_s=_AGAIN_S,
            ) from error
