"""``ProcessCleaner``: the port ``PictureCleaner``, with a decoder that can do no harm (see ``child``)."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass

from pressroom.domain.errors import Busy, PictureInvalid
from pressroom.jobs.uploads import CleanPicture

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """``side`` and ``pixels`` bound what is decoded; ``at_once`` how many are, in this process."""

    side: int = 8_192
    pixels: int = 16_777_216
    at_once: int = 2


class ProcessCleaner:
    """Decodes each picture in a child. Thread-safe. ``timeout_s`` bounds one of them."""

    def __init__(self, limits: PictureLimits | None = None, *, timeout_s: float = _PATIENCE_S) -> None:
        self._limits = limits or PictureLimits()
        self._timeout_s = timeout_s
        self._places = threading.BoundedSemaphore(self._limits.at_once)

    def clean(self, given: bytes) -> CleanPicture:
        """Raises PictureInvalid, Busy."""
        if not self._places.acquire(timeout=self._timeout_s):
            raise Busy("Too many pictures are being read just now. Send it again.", retry_after_s=5)
        try:
            done = subprocess.run(
                [
                    sys.executable,
                    # Nothing of the caller's environment or folder decides what is imported.
                    "-P",
                    "-m",
                    "pressroom.adapters.pictures.child",
                    str(self._limits.side),
                    str(self._limits.pixels),
                ],
                input=given,
                capture_output=True,
                timeout=self._timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _refused("it takes too long to read") from None
        finally:
            self._places.release()
        head, _, content = done.stdout.partition(b"\n")
        if done.returncode or not head:
            # Killed by a signal or out of memory: the picture's doing, since the child does nothing else.
            raise _refused("reading it failed")
        said = json.loads(head)
        if "refused" in said:
            raise _refused(said["refused"])
        return CleanPicture(content, "image/png", said["width"], said["height"])


def _refused(why: str) -> PictureInvalid:
    return PictureInvalid(f"The picture is not taken: {why}.", field="body")
