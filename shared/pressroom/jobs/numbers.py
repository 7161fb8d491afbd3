"""How the numbers of an embedding or a moderation are kept: one JSON file a job, ``{"rows": [[0.0123, …], …]}``, a row a text."""

import json
from typing import Any, Protocol

from pressroom.domain.errors import ArtifactsUnavailable

NUMBERS = "application/json"

# Of a vector of length 1, or a chance: further digits are of the arithmetic, not of the text.
_DIGITS = 8


class Rows(Protocol):
    """An array of two dimensions; numpy's."""

    def tolist(self) -> Any: ...


def written(rows: Rows) -> bytes:
    """The file."""
    told = [[round(number, _DIGITS) for number in row] for row in rows.tolist()]
    return json.dumps({"rows": told}, separators=(",", ":")).encode()


def read(content: bytes) -> list[list[float]]:
    """The rows of a file. Raises ArtifactsUnavailable for one that is none."""
    try:
        rows: list[list[float]] = json.loads(content)["rows"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactsUnavailable(
            "The numbers of this job cannot be read: its file is not what was stored. Run the job again."
        ) from error
    return rows
