"""Pictures of a data set as the networks take them."""

import numpy as np
import torch
from torch import Tensor

from pressroom.training.data.idx import Split


def as_tensors(split: Split) -> tuple[Tensor, Tensor]:
    """(N, H, W) float32 in [0, 1], and labels (N,) int64."""
    pixels = torch.from_numpy(split.images.astype(np.float32) / 255)
    return pixels, torch.from_numpy(split.labels.astype(np.int64))
