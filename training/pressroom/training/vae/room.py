"""Makes a recipe of kind ``vae``: trains, measures on the test set, and draws what it has learnt.

data ─> loop (checkpoints, TensorBoard) ─> weights.pt ─> metrics, curves.png, samples.png, reconstructions.png
"""

import numpy as np
import torch
from torch import Tensor

from pressroom.training import plots
from pressroom.training.data import fashion_mnist, idx, mnist
from pressroom.training.data.idx import Pictures, Source, Split
from pressroom.training.loop.run import Outcome, train
from pressroom.training.recipe import VaeRecipe
from pressroom.training.run import Run
from pressroom.training.telling import told
from pressroom.training.vae import evaluate
from pressroom.training.vae.model import Vae
from pressroom.training.vae.task import HELD_OUT, VaeTask
from pressroom.training.vae.tensors import as_tensors

SOURCES: dict[str, Source] = {"mnist": mnist.SOURCE, "fashion-mnist": fashion_mnist.SOURCE}
_COLUMNS, _ROWS = 12, 10


def make(recipe: VaeRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of the test set."""
    pictures = idx.load(SOURCES[recipe.data], run.data, say=run.say)
    vae, _ = fit(recipe, pictures, run)
    torch.save(vae.state_dict(), run.folder / "weights.pt")
    draw(vae, pictures.test, run)
    return evaluate.bounds(vae, pictures.test, seed=recipe.plan.seed).as_dict()


def fit(recipe: VaeRecipe, pictures: Pictures, run: Run, *, held_out: int = HELD_OUT) -> tuple[Vae, Outcome]:
    """The network with its best weights, and how the training went; ``curves.png`` shows it."""
    classes = len(SOURCES[recipe.data].labels)
    task = VaeTask(recipe, pictures.train, classes, held_out=held_out)
    with told(run) as watcher:
        outcome = train(task, recipe.plan, recipe=recipe.digest(), folder=run.folder, watcher=watcher)
    run.say(
        f"{outcome.epochs} epochs, {outcome.spent_s:.0f} s of CPU, ended by {outcome.why}; "
        f"best was epoch {outcome.best_epoch} with {outcome.best_score:.2f} nats"
    )
    plots.curves(outcome.history, run.folder / "curves.png")
    return task.vae, outcome


@torch.no_grad()
def draw(vae: Vae, test: Split, run: Run) -> None:
    """``samples.png`` (a class a row, where there are any) and ``reconstructions.png`` (each under its original)."""
    labels = torch.arange(_ROWS).repeat_interleave(_COLUMNS) % max(1, vae.config.classes)
    _sheet(evaluate.sample(vae, labels), run, "samples.png")
    pixels, labels = (each[: _COLUMNS * (_ROWS // 2)] for each in as_tensors(test))
    mean, _ = vae.encode(pixels, labels)
    again = torch.sigmoid(vae.decode(mean, labels))
    pairs = torch.stack(
        [pixels.view(-1, _COLUMNS, *pixels.shape[1:]), again.view(-1, _COLUMNS, *again.shape[1:])], 1
    )
    _sheet(pairs.flatten(0, 2), run, "reconstructions.png")


def _sheet(pixels: Tensor, run: Run, name: str) -> None:
    shown = (pixels * 255).round().byte().numpy().astype(np.uint8)
    evaluate.grid(shown, columns=_COLUMNS).save(run.folder / name, optimize=True)
