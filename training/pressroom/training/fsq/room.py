"""Makes a recipe of kind ``fsq``: an autoencoder of codes, then a language model of them, which is told the class.

data ─> first/ (autoencoder) ─> codes ─> loop (prior) ─> weights.pt ─> curves, samples.png, reconstructions.png, nats
"""

from dataclasses import replace

import torch

from pressroom.training import weights
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures, Split
from pressroom.training.data.named import PICTURES
from pressroom.training.fitting import fitted
from pressroom.training.fsq.pictures import CodedPictures
from pressroom.training.fsq.tasks import HELD_OUT, AutoencoderTask, PriorTask
from pressroom.training.pictures import draw
from pressroom.training.recipe import FsqRecipe
from pressroom.training.run import Run
from pressroom.training.tensors import as_tensors


def make(recipe: FsqRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of the test set."""
    source = PICTURES[recipe.data]
    pictures = idx.load(source, run.data, say=run.say)
    made = fit(pictures, len(source.labels), recipe, run)
    draw(made, pictures.test, run.folder, seed=recipe.plan.seed)
    return nats(made, pictures.test)


def fit(
    pictures: Pictures, classes: int, recipe: FsqRecipe, run: Run, *, held_out: int = HELD_OUT
) -> CodedPictures:
    """Both stages, each with the weights of its best epoch, on any pictures."""
    torch.manual_seed(recipe.plan.seed)
    pixels, labels = as_tensors(pictures.train)
    _, height, width = pixels.shape
    made = CodedPictures.of(recipe, height, width, classes)
    first = replace(run, folder=run.folder / "first")
    first.folder.mkdir(exist_ok=True)
    autoencoder = AutoencoderTask(made.fsq, pixels, held_out=held_out)
    fitted(autoencoder, recipe.first, recipe.digest(), first)
    codes = made.encode(pixels)
    prior = PriorTask(
        made.gpt, codes, labels, kinds=made.fsq.config.codes, classes=classes, held_out=held_out
    )
    fitted(prior, recipe.plan, recipe.digest(), run)
    weights.write(made.weights(), run.folder)
    return made


def opened(recipe: FsqRecipe, run: Run) -> CodedPictures:
    """What ``make`` has left in the run's folder."""
    made = CodedPictures.of(recipe, 28, 28, len(PICTURES[recipe.data].labels))
    made.load(weights.read(run.folder))
    return made


def nats(made: CodedPictures, test: Split) -> dict[str, float]:
    """What it costs to tell a picture. Codes are told without loss, so what a picture costs given its codes and what the
    codes cost given the class are together a bound on −ln p(x | class), as −ELBO is one."""
    pixels, labels = as_tensors(test)
    kinds, whole = made.fsq.config.codes, len(pixels)
    first = AutoencoderTask(made.fsq, pixels, held_out=whole).score()
    second = PriorTask(
        made.gpt, made.encode(pixels), labels, kinds=kinds, classes=made.classes, held_out=whole
    ).score()
    told_codes = second["loss"] * made.fsq.config.places
    return {
        "test_reconstruction_nats": round(first["loss"], 2),
        "test_codes_nats": round(told_codes, 2),
        "test_negative_elbo_nats": round(first["loss"] + told_codes, 2),
        "codes_used": round(first["codes_used"], 4),
    }
