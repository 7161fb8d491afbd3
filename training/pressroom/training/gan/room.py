"""Makes a recipe of kind ``gan``: plays the game, and shows what the generator makes.

data ─> loop ─> weights.pt ─> curves.png, samples.png, walk.png, the distance from the test set beside its floor
"""

import numpy as np
import torch
from torch import Tensor

from pressroom.training import plots
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures
from pressroom.training.gan.model import GanConfig, Generator
from pressroom.training.gan.task import HELD_OUT, GanTask, shape_of
from pressroom.training.loop.run import train
from pressroom.training.measure.frechet import Cloud, distance
from pressroom.training.measure.neighbours import cover
from pressroom.training.recipe import GanRecipe
from pressroom.training.run import Run
from pressroom.training.telling import told
from pressroom.training.vae.evaluate import grid
from pressroom.training.vae.room import SOURCES
from pressroom.training.vae.tensors import as_tensors

_COLUMNS, _ROWS = 12, 10
_COVERED = 2_000
"""Pictures of each kind for precision and recall, whose cost grows with the square."""


def make(recipe: GanRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics."""
    return make_from(idx.load(SOURCES[recipe.data], run.data, say=run.say), recipe, run)


def make_from(
    pictures: Pictures, recipe: GanRecipe, run: Run, *, held_out: int = HELD_OUT
) -> dict[str, float]:
    """The same of any pictures of 28 by 28."""
    torch.manual_seed(recipe.plan.seed)
    pixels, _ = as_tensors(pictures.train)
    config = GanConfig(recipe.latent, recipe.channels)
    task = GanTask(pixels, config, penalty=recipe.penalty, held_out=held_out)
    with told(run) as watcher:
        outcome = train(task, recipe.plan, recipe=recipe.digest(), folder=run.folder, watcher=watcher)
    plots.curves(outcome.history, run.folder / "curves.png")
    torch.save(task.mean.state_dict(), run.folder / "weights.pt")
    dice = torch.Generator().manual_seed(recipe.plan.seed)
    _sheet(made(task.mean, _COLUMNS * _ROWS, dice), run, "samples.png")
    _sheet(walk(task.mean, dice), run, "walk.png")
    return _measured(task.mean, pixels, as_tensors(pictures.test)[0], dice)


@torch.no_grad()
def made(generator: Generator, count: int, dice: torch.Generator) -> Tensor:
    """(count, 28, 28) in [0, 1]."""
    generator.eval()
    z = torch.randn(count, generator.config.latent, generator=dice)
    return torch.cat([generator(part) for part in z.split(500)])


@torch.no_grad()
def walk(generator: Generator, dice: torch.Generator) -> Tensor:
    """Rows that go from one picture to another, over the sphere on which nearly all z lie (White 2016, section 2)."""
    generator.eval()
    rows = []
    for _ in range(_ROWS // 2):
        a, b = torch.randn(2, generator.config.latent, generator=dice)
        angle = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
        share = torch.linspace(0, 1, _COLUMNS)[:, None]
        z = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
        rows.append(generator(z))
    return torch.cat(rows)


def _measured(
    generator: Generator, train_pixels: Tensor, test: Tensor, dice: torch.Generator
) -> dict[str, float]:
    samples = made(generator, len(test), dice)
    real, fake = shape_of(test), shape_of(samples)
    chosen = torch.randperm(len(train_pixels), generator=dice)[: len(test)]
    found = cover(real[:_COVERED], fake[:_COVERED])
    return {
        "distance": round(distance(Cloud.of(fake), Cloud.of(real)), 4),
        "distance_floor": round(distance(Cloud.of(shape_of(train_pixels[chosen])), Cloud.of(real)), 4),
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
    }


def _sheet(pixels: Tensor, run: Run, name: str) -> None:
    shown = (pixels * 255).round().byte().numpy().astype(np.uint8)
    grid(shown, columns=_COLUMNS).save(run.folder / name, optimize=True)
