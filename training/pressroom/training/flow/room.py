"""Makes a recipe of kind ``flow``: a VAE, then a flow from noise to its latents, which is told the class.

data ─> first/ (VAE) ─> latents ─> loop (flow) ─> weights.pt ─> curves, samples.png, reconstructions.png
"""

from dataclasses import replace

import torch
from torch import Tensor

from pressroom.training import weights
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures
from pressroom.training.data.named import PICTURES
from pressroom.training.fitting import fitted
from pressroom.training.flow.model import Flow, FlowConfig
from pressroom.training.flow.pictures import FlowPictures
from pressroom.training.flow.task import FlowTask
from pressroom.training.pictures import draw
from pressroom.training.recipe import FlowRecipe, VaeRecipe
from pressroom.training.run import Run
from pressroom.training.tensors import as_tensors
from pressroom.training.vae import evaluate
from pressroom.training.vae import room as vae_room
from pressroom.training.vae.model import Vae
from pressroom.training.vae.task import HELD_OUT, config_of

_AT_ONCE = 1_000


def make(recipe: FlowRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of the test set, which are the VAE's."""
    pictures = idx.load(PICTURES[recipe.data], run.data, say=run.say)
    made = fit(recipe, pictures, run)
    draw(made, pictures.test, run.folder, seed=recipe.plan.seed)
    return evaluate.bounds(made.vae.vae, pictures.test, seed=recipe.plan.seed).as_dict()


def fit(recipe: FlowRecipe, pictures: Pictures, run: Run, *, held_out: int = HELD_OUT) -> FlowPictures:
    """Both stages, each with the weights of its best epoch."""
    first = replace(run, folder=run.folder / "first")
    first.folder.mkdir(exist_ok=True)
    vae, _ = vae_room.fit(_first(recipe), pictures, first, held_out=held_out)
    pixels, labels = as_tensors(pictures.train)
    mean, log_variance = _latents(vae, pixels, labels)
    torch.manual_seed(recipe.plan.seed)
    flow = Flow(_config(recipe))
    task = FlowTask(flow, mean, log_variance, labels, held_out=held_out)
    fitted(task, recipe.plan, recipe.digest(), run)
    weights.write({"vae": vae.state_dict(), "flow": task.calm.state_dict()}, run.folder)
    return FlowPictures(vae, task.calm)


def opened(recipe: FlowRecipe, run: Run) -> FlowPictures:
    """What ``make`` has left in the run's folder."""
    found = weights.read(run.folder)
    vae, flow = Vae(config_of(_first(recipe), 28, 28, 0)), Flow(_config(recipe))
    vae.load_state_dict(found["vae"])
    flow.load_state_dict(found["flow"])
    return FlowPictures(vae, flow)


def _first(recipe: FlowRecipe) -> VaeRecipe:
    return VaeRecipe(
        kind="vae",
        title="The first stage",
        data=recipe.data,
        channels=recipe.channels,
        latent=recipe.latent,
        beta=recipe.beta,
        plan=recipe.first,
    )


def _config(recipe: FlowRecipe) -> FlowConfig:
    return FlowConfig(recipe.latent, len(PICTURES[recipe.data].labels), recipe.width, recipe.layers)


@torch.no_grad()
def _latents(vae: Vae, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    parts = [vae.encode(x, y) for x, y in zip(pixels.split(_AT_ONCE), labels.split(_AT_ONCE), strict=True)]
    return torch.cat([mean for mean, _ in parts]), torch.cat([log_variance for _, log_variance in parts])
