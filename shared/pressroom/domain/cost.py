"""What a job is expected to cost before it has run: its lane is charged this at the claim.

The figures are rough on purpose. When the attempt ends, the lane is settled with the engine's own
time, so a wrong guess only shifts the order for as long as the job runs.
"""

from collections.abc import Mapping
from typing import Any

# Engine milliseconds of one decoded token in a full batch, of one picture in a micro-batch, and of the texts of a reading.
TOKEN_MS = 3.0
PICTURE_MS = 2.0
READING_MS = 20.0


def estimated_cost(kind: str, params: Mapping[str, Any]) -> float:
    """Engine milliseconds that a job of this kind with these resolved params may take, at least 1."""
    n = max(int(params.get("n", 1)), 1)
    if kind == "text":
        return max(int(params.get("max_tokens", 1)), 1) * n * TOKEN_MS
    return n * PICTURE_MS if kind == "image" else READING_MS
