"""The fixed network in whose features pictures are compared, and which finds their class: ``feature_net.onnx``, shipped.

Made by `pressroom train features`, on the training pictures of both data sets, which are 20 classes to it. It never saw
what a network made. Distances in its features can be compared with one another, and with nothing else.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pressroom.engines.sessions import Provider, open_session
from pressroom.training.data import fashion_mnist, mnist
from pressroom.training.data.idx import Source

FILE = Path(__file__).with_name("feature_net.onnx")
SHA256 = "9db2ca5717a0ad878d5c77eaba3ee1c3b018c10b01ef4a1a5084cdc48b1b6d4d"
SOURCES: tuple[Source, ...] = (mnist.SOURCE, fashion_mnist.SOURCE)
"""Its classes are those of these, one set after the other."""

_AT_ONCE = 500


class FeatureNetChanged(Exception):
    """The file is not the one that all published figures were measured with."""

    code = "feature_net_changed"


@dataclass(frozen=True, slots=True)
class Seen:
    """``features`` (N, 64), ``logits`` (N, 20), both float32."""

    features: NDArray[np.float32]
    logits: NDArray[np.float32]


class FeatureNet:
    """See the page's head."""

    def __init__(self, path: Path = FILE, sha256: str = SHA256) -> None:
        """Raises FeatureNetChanged."""
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise FeatureNetChanged(
                f"{path} is not the network that figures are measured with: install it anew."
            )
        self._session = open_session(path, Provider.CPU)

    def see(self, pixels: Tensor) -> Seen:
        """(N, 28, 28) in [0, 1]."""
        parts = [self._session.run({"pixels": part.numpy()}) for part in pixels.split(_AT_ONCE)]
        features, logits = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Seen(features, logits)

    def classes(self, seen: Seen, source: Source) -> NDArray[np.int64]:
        """The likeliest of the data set's own classes: (N,)."""
        begin = sum(len(each.labels) for each in SOURCES[: SOURCES.index(source)])
        found: NDArray[np.int64] = seen.logits[:, begin : begin + len(source.labels)].argmax(1)
        return found
