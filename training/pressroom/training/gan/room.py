"""Makes a recipe of kind ``gan``: plays the game, and shows what the generator makes.

data ─> loop ─> weights.pt ─> curves.png, samples.png, walk.png, and how like the test set its pictures are
"""

import torch

from pressroom.training import weights
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures
from pressroom.training.data.named import PICTURES
from pressroom.training.fitting import fitted
from pressroom.training.gan.model import GanConfig, Generator
from pressroom.training.gan.pictures import GanPictures
from pressroom.training.gan.task import HELD_OUT, GanTask
from pressroom.training.measure.likeness import Yardstick
from pressroom.training.pictures import COLUMNS, draw
from pressroom.training.recipe import GanRecipe
from pressroom.training.run import Run
from pressroom.training.sheets import sheet
from pressroom.training.tensors import as_tensors

_WALKS = 5


def make(recipe: GanRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics."""
    pictures = idx.load(PICTURES[recipe.data], run.data, say=run.say)
    made = fit(pictures, recipe, run)
    draw(made, pictures.test, run.folder, seed=recipe.plan.seed)
    sheet(made.walk(_WALKS, COLUMNS, seed=recipe.plan.seed), run.folder / "walk.png", COLUMNS)
    return Yardstick(pictures, PICTURES[recipe.data]).measure(made, seed=recipe.plan.seed).as_dict()


def fit(pictures: Pictures, recipe: GanRecipe, run: Run, *, held_out: int = HELD_OUT) -> GanPictures:
    """The generator of the best epoch, on any pictures of 28 by 28; ``curves.png`` shows how it came about."""
    torch.manual_seed(recipe.plan.seed)
    pixels, _ = as_tensors(pictures.train)
    task = GanTask(pixels, _config(recipe), penalty=recipe.penalty, held_out=held_out)
    fitted(task, recipe.plan, recipe.digest(), run)
    weights.write(task.mean.state_dict(), run.folder)
    return GanPictures(task.mean)


def opened(recipe: GanRecipe, run: Run) -> GanPictures:
    """What ``make`` has left in the run's folder."""
    generator = Generator(_config(recipe))
    generator.load_state_dict(weights.read(run.folder))
    return GanPictures(generator)


def _config(recipe: GanRecipe) -> GanConfig:
    return GanConfig(recipe.latent, recipe.channels)
