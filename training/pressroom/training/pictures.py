"""What is common to all networks that make pictures: what one can be asked, and the sheets that show it."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from pressroom.training.data.idx import Split
from pressroom.training.sheets import sheet
from pressroom.training.tensors import as_tensors

COLUMNS, ROWS = 12, 10


class PictureModel(Protocol):
    """A trained network. Pixels are float32 in [0, 1], classes int64."""

    @property
    def classes(self) -> int:
        """How many it can be asked for; 0 where it makes what it likes."""
        ...

    def sample(self, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
        """A picture for each label: (N,) → (N, H, W). Without classes the labels only count."""
        ...

    def reconstructed(self, pixels: Tensor, labels: Tensor) -> Tensor | None:
        """What is left of a picture on its way through the network: (N, H, W), (N,) → (N, H, W). None: it has no such way."""
        ...


@torch.no_grad()
def draw(model: PictureModel, test: Split, folder: Path, *, seed: int = 0) -> None:
    """``samples.png`` (a class a row, where there are any) and ``reconstructions.png`` (each under its original)."""
    labels = torch.arange(ROWS).repeat_interleave(COLUMNS) % max(1, model.classes)
    sheet(model.sample(labels, seed=seed), folder / "samples.png", COLUMNS)
    pixels, labels = (part[: COLUMNS * (ROWS // 2)] for part in as_tensors(test))
    again = model.reconstructed(pixels, labels)
    if again is not None:
        rows = [part.view(-1, COLUMNS, *pixels.shape[1:]) for part in (pixels, again)]
        sheet(torch.stack(rows, 1).flatten(0, 2), folder / "reconstructions.png", COLUMNS)
