"""Makes a recipe of kind ``icons``: the autoencoder, beside principal components with as many numbers.

four sets ─> loop ─> weights.pt ─> decibels on concepts of the test, reconstructions.png, variations.png, interpolations.png
"""

import torch
from torch import Tensor

from pressroom.training import weights
from pressroom.training.data import icons as data
from pressroom.training.data.icons import Icons, Split
from pressroom.training.fitting import fitted
from pressroom.training.icons.model import IconAutoencoder, IconConfig, between, varied
from pressroom.training.icons.pca import Pca
from pressroom.training.icons.task import IconTask, as_pixels, seen_again
from pressroom.training.measure.psnr import psnr
from pressroom.training.recipe import IconsRecipe
from pressroom.training.run import Run
from pressroom.training.sheets import sheet

_COLUMNS, _ROWS = 12, 4
_STRENGTH = 0.5


def make(recipe: IconsRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of the test's concepts."""
    return make_from(data.load(run.data, say=run.say), recipe, run)


def make_from(split: Split, recipe: IconsRecipe, run: Run) -> dict[str, float]:
    """The same of any icons."""
    run.say(
        f"{len(split.train.icons):,} icons to train on, {len(split.test.icons):,} of other concepts to test on"
    )
    torch.manual_seed(recipe.plan.seed)
    network = IconAutoencoder(config_of(recipe))
    shown, held_out, test = (_pictures(part) for part in (split.train, split.held_out, split.test))
    network.begin(as_pixels(shown))
    fitted(IconTask(network, shown, held_out), recipe.plan, recipe.digest(), run)
    weights.write(network.state_dict(), run.folder)
    pixels = as_pixels(test)
    again = seen_again(network, pixels)
    linear = Pca.of(as_pixels(shown), recipe.latent).again(pixels).clamp(0, 1)
    _draw(network, pixels, again, linear, run)
    ours, theirs = psnr(pixels, again), psnr(pixels, linear)
    return {
        "test_psnr_db": round(ours, 2),
        "test_psnr_pca_db": round(theirs, 2),
        "above_pca_db": round(ours - theirs, 2),
        "numbers_a_picture": float(recipe.latent),
        "test_icons": float(len(test)),
    }


def opened(recipe: IconsRecipe, run: Run) -> IconAutoencoder:
    """What ``make`` has left in the run's folder. Raises NotMade."""
    network = IconAutoencoder(config_of(recipe))
    network.load_state_dict(weights.read(run.folder))
    return network.eval()


def config_of(recipe: IconsRecipe) -> IconConfig:
    """Sizes of the recipe's network."""
    return IconConfig(recipe.latent, recipe.waves, recipe.channels, recipe.middle, recipe.blocks)


def shown(icons: Icons) -> Tensor:
    """(N, 64, 64, 3) float32 in [0, 1]."""
    return as_pixels(_pictures(icons)).permute(0, 2, 3, 1)


def _draw(network: IconAutoencoder, pixels: Tensor, again: Tensor, linear: Tensor, run: Run) -> None:
    rows = [part[: _COLUMNS * _ROWS].unflatten(0, (-1, _COLUMNS)) for part in (pixels, again, linear)]
    sheet(torch.stack(rows, 1).flatten(0, 2), run.folder / "reconstructions.png", _COLUMNS)
    dice = torch.Generator().manual_seed(0)
    few = pixels[:_ROWS]
    strengths = torch.linspace(0, 2 * _STRENGTH, _COLUMNS).tolist()
    changed = torch.stack([varied(network, few, strength, dice) for strength in strengths], 1)
    sheet(changed.flatten(0, 1), run.folder / "variations.png", _COLUMNS)
    ways = between(network, few, pixels[_ROWS : 2 * _ROWS], _COLUMNS)
    sheet(ways, run.folder / "interpolations.png", _COLUMNS)


def _pictures(icons: Icons) -> Tensor:
    return torch.from_numpy(icons.pixels)
