"""The decoder's session, run only at batch sizes that give every row the same bits.

A matrix product may sum a row in another order when the batch has another size, and then a picture
would depend, by one grey level at most and rarely, on how many requests came beside it. So batches
are padded to fixed sizes, and a size is used only after ``verify`` has seen that its rows equal
those of the largest one, bit for bit, on this machine. Until then everything is padded to the largest.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.image.latents import latent
from pressroom.engines.sessions import Session

SMALLEST = 8  # below this a run costs hardly less: it is the read of the weights


class Decoder:
    """Latents to grey values, for up to ``largest`` pictures a run."""

    def __init__(self, session: Session, *, latents: int, labels: int, largest: int) -> None:
        self._session = session
        self._latents = latents
        self._labels = labels
        self.largest = largest
        self.sizes: tuple[int, ...] = (largest,)

    def run(
        self, z: NDArray[np.float32], label: NDArray[np.int64], guidance: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(B, Z), (B,), (B,) → pixels (B, H, W) float32 in [0, 1]; B at most ``largest``."""
        rows = len(z)
        size = next((size for size in self.sizes if size >= rows), None)
        if size is None:  # only where no two sizes agreed: one picture a run
            parts = [
                self._run_padded(z[at : at + 1], label[at : at + 1], guidance[at : at + 1], 1)
                for at in range(rows)
            ]
            return np.concatenate(parts)
        return self._run_padded(z, label, guidance, size)

    def verify(self) -> None:
        """Find the sizes whose rows agree bit for bit wherever they stand, and use only those."""
        reference = self._probe(self.largest, at=0)
        if not np.array_equal(reference, self._probe(self.largest, at=self.largest - len(reference))):
            self.sizes = (1,)
            return
        self.sizes = tuple(
            size
            for size in _candidates(self.largest)
            if all(np.array_equal(reference, self._probe(size, at)) for at in {0, size - len(reference)})
        )

    def _probe(self, size: int, at: int) -> NDArray[np.float32]:
        """Pixels of the same few rows, standing at place ``at`` of a batch of ``size`` others."""
        count = min(SMALLEST, self.largest)
        keys = [(2, size * 1000 + at * 100 + row) for row in range(size)]  # neighbours differ each time
        keys[at : at + count] = [(1, row) for row in range(count)]
        z = np.stack([latent(seed, index, self._latents) for seed, index in keys])
        label = np.array([index % self._labels for _, index in keys], dtype=np.int64)
        guidance = np.array([index % 5 * 0.75 for _, index in keys], dtype=np.float32)
        return self._run_padded(z, label, guidance, size)[at : at + count]

    def _run_padded(
        self, z: NDArray[np.float32], label: NDArray[np.int64], guidance: NDArray[np.float32], size: int
    ) -> NDArray[np.float32]:
        missing = size - len(z)
        feeds: dict[str, NDArray[Any]] = {
            "z": np.pad(z, ((0, missing), (0, 0))),
            "label": np.pad(label, (0, missing)),
            "guidance": np.pad(guidance, (0, missing)),
        }
        pixels: NDArray[np.float32] = self._session.run(feeds)[0]
        return pixels[: len(z)]


def _candidates(largest: int) -> tuple[int, ...]:
    """Sizes to try, doubling from the smallest up to and with the largest."""
    sizes = [largest]
    size = min(SMALLEST, largest)
    while size < largest:
        sizes.append(size)
        size *= 2
    return tuple(sorted(sizes))
