"""Makes a recipe of kind ``preference``: a VAE goes on with what people chose, and is told beside itself as it was.

base.pt, preferences.jsonl ─> pairs, shown again ─> loop ─> weights.pt ─> choices that were held out, likeness; before and after
"""

import hashlib

import torch

from pressroom.training import weights
from pressroom.training.data import idx
from pressroom.training.data.errors import DataCorrupt, DataMissing
from pressroom.training.data.idx import Pictures
from pressroom.training.data.named import PICTURES
from pressroom.training.fitting import fitted
from pressroom.training.measure.likeness import SAMPLES, Yardstick
from pressroom.training.pictures import draw
from pressroom.training.preference.pairs import FILE, read, shown_again
from pressroom.training.preference.start import BASE
from pressroom.training.preference.task import PreferenceTask, accuracy
from pressroom.training.recipe import PreferenceRecipe
from pressroom.training.run import Run
from pressroom.training.vae.model import Vae
from pressroom.training.vae.pictures import VaePictures
from pressroom.training.vae.task import config_of

_LEAST = 5
"""Pairs that must be there to learn from, and to ask about."""


def make(recipe: PreferenceRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics before and after. Raises DataError."""
    return make_from(idx.load(PICTURES[recipe.base.data], run.data, say=run.say), recipe, run)


def make_from(
    pictures: Pictures, recipe: PreferenceRecipe, run: Run, *, samples: int = SAMPLES
) -> dict[str, float]:
    """The same with any pictures that the base was trained on."""
    source = PICTURES[recipe.base.data]
    network = _base(recipe, run, len(source.labels))
    pairs = read(_checked(run, FILE, recipe.feedback_sha256), recipe.model)
    learnt = [pair for pair in pairs if not pair.held_out]
    asked = [pair for pair in pairs if pair.held_out]
    if min(len(learnt), len(asked)) < _LEAST:
        raise DataMissing(
            f"There are {len(learnt)} choices to learn from and {len(asked)} to ask about: {_LEAST} of each are needed, so let "
            "people choose more."
        )
    run.say(f"{len(learnt):,} choices to learn from, {len(asked):,} of other jobs to ask about")
    yardstick = Yardstick(pictures, source, samples)
    before = yardstick.measure(VaePictures(network), seed=recipe.plan.seed)
    sides = [shown_again(network, part, source.labels) for part in (learnt, asked)]
    task = PreferenceTask(recipe, network, sides[0], sides[1], pictures.train)
    first = _asked(task, recipe)
    fitted(task, recipe.plan, recipe.digest(), run)
    weights.write(network.state_dict(), run.folder)
    draw(VaePictures(network), pictures.test, run.folder)
    after = yardstick.measure(VaePictures(network), seed=recipe.plan.seed)
    return {
        "choices": float(len(pairs)),
        "held_out_choices": float(len(asked)),
        "accuracy_before": first,
        "accuracy": round(_asked(task, recipe), 4),
        "frechet_distance_before": round(before.distance, 4),
        "frechet_distance": round(after.distance, 4),
        "recall_before": round(before.recall, 4),
        "recall": round(after.recall, 4),
    }


@torch.no_grad()
def _asked(task: PreferenceTask, recipe: PreferenceRecipe) -> float:
    """At the same noise whenever it is asked."""
    torch.manual_seed(recipe.plan.seed)
    return accuracy(task.margins(task.asked, torch.arange(len(task.asked))))


def _base(recipe: PreferenceRecipe, run: Run, classes: int) -> Vae:
    _checked(run, BASE, recipe.base_sha256)
    network = Vae(config_of(recipe.base, 28, 28, classes))
    network.load_state_dict(weights.read(run.folder, BASE))
    return network


def _checked(run: Run, file: str, sha256: str) -> bytes:
    """Raises DataCorrupt for what is not what the run began with."""
    try:
        content = (run.folder / file).read_bytes()
    except OSError as error:
        raise DataMissing(
            f"{run.folder} has no {file}: begin with `pressroom train --from-feedback`."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataCorrupt(
            f"{run.folder / file} is not what this run began with: begin anew in another folder."
        )
    return content
