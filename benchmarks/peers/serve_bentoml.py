"""BentoML with adaptive batching on: ``{"asked": [[first seed, pictures]]}`` is answered with so many PNG files in base64.

PICTURES=FOLDER bentoml serve serve_bentoml:Pictures --port PORT
"""

import base64
import os

import bentoml
from picture_model import MAX_BATCH, PictureModel


@bentoml.service(workers=1, traffic={"timeout": 120, "concurrency": 1024}, metrics={"enabled": False})
class Pictures:
    """Requests that come together are one batch, whatever each wants."""

    def __init__(self) -> None:
        self._model = PictureModel(os.environ["PICTURES"])

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=MAX_BATCH, max_latency_ms=60_000)  # type: ignore[untyped-decorator]
    def draw(self, asked: list[list[int]]) -> list[list[str]]:
        seeds = [seed for first, count in asked for seed in range(first, first + count)]
        files = iter(self._model.files(seeds))
        return [[base64.b64encode(next(files)).decode() for _ in range(count)] for _, count in asked]
