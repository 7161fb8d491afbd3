"""LitServe with batching on: ``{"first": seed, "n": pictures}`` is answered with so many PNG files in base64.

python serve_litserve.py FOLDER PORT
"""

import base64
import sys
from typing import Any

import litserve
from picture_model import MAX_BATCH, PictureModel


class Pictures(litserve.LitAPI):  # type: ignore[misc]
    """Requests that come together are one batch, whatever each wants."""

    def setup(self, device: str) -> None:
        self._model = PictureModel(sys.argv[1])

    def decode_request(self, request: dict[str, int]) -> list[int]:
        return list(range(request["first"], request["first"] + request["n"]))

    def batch(self, inputs: list[list[int]]) -> list[list[int]]:
        return inputs

    def predict(self, asked: list[list[int]]) -> list[list[bytes]]:
        files = iter(self._model.files([seed for seeds in asked for seed in seeds]))
        return [[next(files) for _ in seeds] for seeds in asked]

    def unbatch(self, output: list[list[bytes]]) -> list[list[bytes]]:
        return output

    def encode_response(self, output: list[bytes]) -> dict[str, Any]:
        return {"pictures": [base64.b64encode(file).decode() for file in output]}


if __name__ == "__main__":
    server = litserve.LitServer(Pictures(max_batch_size=MAX_BATCH, batch_timeout=0.005), accelerator="cpu")
    server.run(port=int(sys.argv[2]), host="127.0.0.1", generate_client_file=False, log_level="error")
