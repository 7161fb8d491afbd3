"""Weights of small networks that make pictures larger: `@upscalerjs/esrgan-slim` of npm (MIT, Kevin Scott), in the format of
TensorFlow.js: a JSON file that says what lies where, and the numbers, little-endian, one after the other.

The package also has a picture and what its own runtime makes of it, which a conversion can be held against.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pressroom.training.data import sources
from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.licences import mit
from pressroom.training.data.packages import Npm
from pressroom.training.data.sources import Say, Source

_BINARY = "group1-shard1of1.bin"
_FIXTURE = "assets/fixture.png"

SOURCE = Source(
    name="esrgan-slim",
    title="ESRGAN-slim",
    licence="MIT, © 2022 Kevin Scott",
    files={
        f"x2/{_BINARY}": "5cb464ae4d390ce0a771afd5feaf60fbfcdb18ab48a56db98cdf6b88202369de",
        "x2/model.json": "8efb488c2caed0196a6163e3f06798f9245e92623ffd50654a26c372e09150ea",
        f"x4/{_BINARY}": "82637daaf3ba024df5e9da2389e8992e7a6e8a992ba6268ce6bc490c92e9516e",
        "x4/model.json": "3a2eaa642232567e7d2a2e7638c9704f42f63f355fc656c18aa78bf2da1d903d",
        _FIXTURE: "9c42004f3493b1520d7fcaa908f63bf1e34eb1206ff49ee71724c67fc5ce8294",
        "2x/result.png": "3374bbc0af08d3c245f173becabef4fe67ea9c933bff4464e26a2960394a3141",
        "4x/result.png": "1394bfb1b9f1c007f99cee8797425dd3076dbbe09981feed0af2029345c888ac",
    },
    package=Npm("@upscalerjs/esrgan-slim", "1.0.0"),
    megabytes=5,
    licence_text=mit("Copyright (c) 2022 Kevin Scott"),
)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Upscaler:
    """``weights`` by TensorFlow's names, kernels (height, width, in, out); ``small`` (h, w, 3) and what became of it there,
    ``large`` (h · times, w · times, 3)."""

    weights: dict[str, NDArray[np.float32]]
    small: Pixels
    large: Pixels


def load(times: int, folder: Path | None = None, *, say: Say = lambda line: None) -> Upscaler:
    """Of 2 or 4 times. See ``sources.read``, which says what is raised."""
    files = sources.read(SOURCE, folder, say=say)
    weights = weights_of(files[f"x{times}/model.json"], files[f"x{times}/{_BINARY}"])
    return Upscaler(weights, _picture(files[_FIXTURE]), _picture(files[f"{times}x/result.png"]))


def weights_of(model: bytes, binary: bytes) -> dict[str, NDArray[np.float32]]:
    """Raises DataCorrupt where the numbers are more or fewer than the file says."""
    told = json.loads(model)["weightsManifest"][0]["weights"]
    found, at = {}, 0
    for each in told:
        count = int(np.prod(each["shape"]))
        if at + 4 * count > len(binary):
            raise DataCorrupt(f"{SOURCE.title}: {each['name']} is cut. Fetch the package again.")
        found[each["name"]] = np.frombuffer(binary, "<f4", count, at).reshape(each["shape"])
        at += 4 * count
    if at != len(binary):
        raise DataCorrupt(
            f"{SOURCE.title}: {len(binary) - at} bytes belong to nothing. Fetch the package again."
        )
    return found


def _picture(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))
