"""What there is to find out about each kind of network that makes pictures.

run's folder ─> network ─> bounds or nats, PSNR, likeness at each guidance ─> Found
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from pressroom.training import plots
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures
from pressroom.training.data.named import PICTURES
from pressroom.training.evaluating.found import Found, Picture, Table
from pressroom.training.flow import room as flow_room
from pressroom.training.fsq import room as fsq_room
from pressroom.training.gan import room as gan_room
from pressroom.training.measure.likeness import Likeness, Yardstick
from pressroom.training.measure.psnr import psnr
from pressroom.training.pictures import COLUMNS, PictureModel, draw
from pressroom.training.recipe import FlowRecipe, FsqRecipe, GanRecipe, PictureRecipe, VaeRecipe
from pressroom.training.run import Run
from pressroom.training.sheets import sheet
from pressroom.training.tensors import as_tensors
from pressroom.training.vae import evaluate as bounds_of
from pressroom.training.vae import room as vae_room
from pressroom.training.vae.evaluate import ALIVE_KL, Bounds
from pressroom.training.vae.pictures import VaePictures

_MAPPED = 3_000
"""Test pictures on the map of latents; more only cover each other."""

_WALKS = 5
_WEIGHED = 50
"""Samples of a picture's tighter bound."""


def evaluate_pictures(recipe: PictureRecipe, run: Run, guidances: Sequence[float], samples: int) -> Found:
    """Everything about the network in the run's folder. Raises DataError, and OSError where nothing was trained."""
    pictures = idx.load(PICTURES[recipe.data], run.data, say=run.say)
    model: PictureModel
    match recipe:
        case VaeRecipe():
            model = vae = vae_room.opened(recipe, run)
            special = _of_vae(vae, pictures, run.folder, recipe.plan.seed)
        case GanRecipe():
            model = gan = gan_room.opened(recipe, run)
            sheet(gan.walk(_WALKS, COLUMNS, seed=recipe.plan.seed), run.folder / "walk.png", COLUMNS)
            special = Found({}, [Picture("From one picture to another", "walk.png")])
        case FsqRecipe():
            model = coded = fsq_room.opened(recipe, run)
            special = Found(fsq_room.nats(coded, pictures.test))
        case FlowRecipe():
            model = flow = flow_room.opened(recipe, run)
            special = _of_vae(flow.vae, pictures, run.folder, recipe.plan.seed)
    draw(model, pictures.test, run.folder, seed=recipe.plan.seed)
    again = _seen_again(model, pictures)
    likenesses = _likenesses(model, recipe, pictures, guidances, samples)
    shown = [Picture("Samples", "samples.png")]
    if again:
        shown.append(
            Picture("Test pictures, and under each what the network makes of it", "reconstructions.png")
        )
    return Found(
        metrics={**special.metrics, **again, **likenesses[0][1].as_dict(), "guidance": likenesses[0][0]},
        pictures=[*shown, *special.pictures],
        tables=[*special.tables, _table(likenesses)],
    )


def _of_vae(model: VaePictures, pictures: Pictures, folder: Path, seed: int) -> Found:
    found = bounds_of.bounds(model.vae, pictures.test, samples=_WEIGHED, seed=seed)
    shown = []
    sheet(model.between(*(part[: 2 * _WALKS] for part in as_tensors(pictures.test)), COLUMNS),
          folder / "interpolations.png", COLUMNS)  # fmt: skip
    shown.append(Picture("From one test picture to another, through their latents", "interpolations.png"))
    pixels, labels = (part[:_MAPPED] for part in as_tensors(pictures.test))
    with torch.no_grad():
        mean, _ = model.vae.encode(pixels, labels)
    plots.latent_map(mean.double().numpy(), labels.numpy(), folder / "latents.png")
    shown.append(
        Picture("Latents of test pictures on their two widest directions, a colour a class", "latents.png")
    )
    return Found(found.as_dict(), shown, [_latents(found)])


def _latents(found: Bounds) -> Table:
    """All that are alive, the one that says most first."""
    kl = sorted(enumerate(found.kl_by_latent), key=lambda pair: -pair[1])
    rows = [(str(number), f"{nats:.3f}") for number, nats in kl if nats > ALIVE_KL]
    return Table(
        f"{len(rows)} of {len(kl)} latents are alive (above {ALIVE_KL} nats)", ("latent", "nats"), rows
    )


def _seen_again(model: PictureModel, pictures: Pictures) -> dict[str, float]:
    pixels, labels = as_tensors(pictures.test)
    again = model.reconstructed(pixels, labels)
    return {} if again is None else {"test_psnr_db": round(psnr(pixels, again), 2)}


def _likenesses(
    model: PictureModel,
    recipe: PictureRecipe,
    pictures: Pictures,
    guidances: Sequence[float],
    samples: int,
) -> list[tuple[float, Likeness]]:
    """One for each guidance; one in all for a network that cannot be guided."""
    asked = guidances if model.classes else (1.0,)
    yardstick = Yardstick(pictures, PICTURES[recipe.data], samples)
    return [
        (guidance, yardstick.measure(model, guidance=guidance, seed=recipe.plan.seed)) for guidance in asked
    ]


def _table(likenesses: Sequence[tuple[float, Likeness]]) -> Table:
    columns = (
        "guidance",
        "Fréchet distance",
        "its floor",
        "precision",
        "recall",
        "class found",
        "least class",
    )
    rows = [
        (
            f"{guidance:g}",
            f"{found.distance:.3f}",
            f"{found.floor:.3f}",
            f"{found.precision:.3f}",
            f"{found.recall:.3f}",
            "–" if found.class_accuracy is None else f"{found.class_accuracy:.3f}",
            f"{found.least_class:.3f}",
        )
        for guidance, found in likenesses
    ]
    return Table(f"How like the test set {likenesses[0][1].samples:,} samples are", columns, rows)
