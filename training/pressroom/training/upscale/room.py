"""Makes a recipe of kind ``upscale``: converts the weights, holds them against their own runtime, and measures.

package ─> network ─> its picture as there (decibels) ─> icons made small and large again, beside interpolation ─> pictures
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pressroom.training import weights
from pressroom.training.data import esrgan_slim
from pressroom.training.data import icons as icon_data
from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.icons import Icon
from pressroom.training.measure.psnr import psnr
from pressroom.training.recipe import UpscaleRecipe
from pressroom.training.run import Run
from pressroom.training.sheets import sheet
from pressroom.training.upscale.model import Upscale

LARGE = 256
LEAST_DB = 45.0
"""As near to the other runtime as pictures of 8 bits that were rounded twice can be expected to be."""

_COUNT, _SHOWN, _AT_ONCE = 120, 4, 8


def make(recipe: UpscaleRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics. ``run.data`` has a folder for each source."""
    place = run.data / esrgan_slim.SOURCE.name if run.data else None
    found = esrgan_slim.load(recipe.times, place, say=run.say)
    network = Upscale.of(found.weights, recipe.times)
    likeness = psnr(_tensor(found.large[None]), enlarged(network, _tensor(found.small[None])))
    if not likeness >= LEAST_DB:
        raise DataCorrupt(
            f"The converted network is {likeness:.1f} dB from what its own runtime makes: do not use it."
        )
    weights.write(network.state_dict(), run.folder)
    icons = icon_data.load(run.data, say=run.say).test.icons[:_COUNT]
    return {"conversion_psnr_db": round(likeness, 2), **_worth(network, icons, run)}


def opened(recipe: UpscaleRecipe, run: Run) -> Upscale:
    """What ``make`` has left in the run's folder. Raises NotMade."""
    network = Upscale(recipe.times)
    network.load_state_dict(weights.read(run.folder))
    return network.eval()


@torch.no_grad()
def enlarged(network: Upscale, pixels: Tensor) -> Tensor:
    """(N, 3, H, W) → (N, 3, r H, r W)."""
    return torch.cat([network(part) for part in pixels.split(_AT_ONCE)])


def _worth(network: Upscale, icons: Sequence[Icon], run: Run) -> dict[str, float]:
    """Of drawings that are made small and large again, by the network and by bicubic interpolation."""
    large = np.stack([icon_data.draw(icon, LARGE) for icon in icons]).transpose(0, 2, 3, 1)
    side = LARGE // network.times
    small = np.stack([_resized(picture, side, Image.Resampling.BOX) for picture in large])
    bicubic = _tensor(np.stack([_resized(picture, LARGE, Image.Resampling.BICUBIC) for picture in small]))
    ours, original = enlarged(network, _tensor(small)), _tensor(large)
    nearest = _tensor(small.repeat(network.times, 1).repeat(network.times, 2))
    rows = torch.stack([part[:_SHOWN] for part in (nearest, bicubic, ours, original)])
    sheet(rows.flatten(0, 1), run.folder / "samples.png", _SHOWN)
    return {
        "test_psnr_db": round(psnr(original, ours), 2),
        "test_psnr_bicubic_db": round(psnr(original, bicubic), 2),
        "test_icons": float(len(icons)),
    }


def _resized(picture: NDArray[np.uint8], side: int, how: Image.Resampling) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).resize((side, side), how))


def _tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """(N, H, W, 3) → (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pictures.astype(np.float32) / 255).movedim(-1, 1)
