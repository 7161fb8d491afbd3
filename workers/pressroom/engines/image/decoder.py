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

PROBES = 8  # rows that are compared when a size is verified


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
        """(B, Z), (B,), (B,) → pixels (B, H, W[, 3]) float32 in [0, 1]; B at most ``largest``. A graph may look at less."""
        most = self.sizes[-1]
        parts = []
        for at in range(0, len(z), most):  # more than one part only where the largest size is not usable
            rows = slice(at, at + most)
            size = next(size for size in self.sizes if size >= len(z[rows]))
            parts.append(self._run_padded(z[rows], label[rows], guidance[rows], size))
        return np.concatenate(parts)

    def verify(self) -> None:
        """Find the sizes whose rows agree bit for bit wherever they stand, and use only those.

        Where none agrees with the largest, every picture runs alone.
        """
        probes = range(min(PROBES, self.largest))
        reference = self._probe(probes, self.largest, at=0)
        self.sizes = tuple(size for size in _doubling(self.largest) if self._agrees(size, reference)) or (1,)

    def _agrees(self, size: int, reference: NDArray[np.float32]) -> bool:
        """Do the probes, in groups of half a batch, come out as ``reference`` at both of its ends?"""
        step = max(1, min(size // 2, len(reference)))
        for first in range(0, len(reference), step):
            probes = range(first, min(first + step, len(reference)))
            for at in {0, size - len(probes)}:
                if not np.array_equal(self._probe(probes, size, at), reference[probes.start : probes.stop]):
                    return False
        return True

    def _probe(self, probes: range, size: int, at: int) -> NDArray[np.float32]:
        """Pixels of some probe rows, standing at place ``at`` of a batch of ``size``."""
        keys = [(2, size * 1000 + at * 100 + row) for row in range(size)]  # neighbours differ each time
        keys[at : at + len(probes)] = [(1, row) for row in probes]
        z = np.stack([latent(seed, index, self._latents) for seed, index in keys])
        label = np.array([index % self._labels for _, index in keys], dtype=np.int64)
        guidance = np.array([index % 5 * 0.75 for _, index in keys], dtype=np.float32)
        return self._run_padded(z, label, guidance, size)[at : at + len(probes)]

    def _run_padded(
        self, z: NDArray[np.float32], label: NDArray[np.int64], guidance: NDArray[np.float32], size: int
    ) -> NDArray[np.float32]:
        missing = size - len(z)
        if missing:
            z = np.pad(z, ((0, missing), (0, 0)))
            label, guidance = np.pad(label, (0, missing)), np.pad(guidance, (0, missing))
        feeds: dict[str, NDArray[Any]] = {"z": z, "label": label, "guidance": guidance}
        pixels: NDArray[np.float32] = self._session.run({name: feeds[name] for name in self._session.inputs})[
            0
        ]
        return pixels[: size - missing]


def _doubling(largest: int) -> tuple[int, ...]:
    """1, 2, 4, … up to and with the largest."""
    sizes = [1]
    while sizes[-1] * 2 < largest:
        sizes.append(sizes[-1] * 2)
    return (*sizes, largest) if largest > 1 else (1,)
