"""What workers get of each kind of model that makes pictures, and how it is described."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pressroom.catalog.manifest import ImageTraits
from pressroom.contract.pictures import Operation
from pressroom.training.data import drawings, esrgan_slim, icons, idx
from pressroom.training.data.idx import Source
from pressroom.training.data.named import PICTURES
from pressroom.training.drawings.room import FILE as DRAWINGS
from pressroom.training.exporting import attributes
from pressroom.training.exporting.model import Told
from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.flow import room as flow_room
from pressroom.training.flow.graphs import decoder_graph as flow_graph
from pressroom.training.fsq import room as fsq_room
from pressroom.training.fsq.graphs import decoder_graph as fsq_graph
from pressroom.training.gan import room as gan_room
from pressroom.training.gan.graphs import decoder_graph as gan_graph
from pressroom.training.icons import graphs as icon_graphs
from pressroom.training.icons import room as icons_room
from pressroom.training.recipe import (
    DrawingsRecipe,
    FlowRecipe,
    FsqRecipe,
    GanRecipe,
    IconsRecipe,
    PictureRecipe,
    PreferenceRecipe,
    ServedRecipe,
    UpscaleRecipe,
    VaeRecipe,
)
from pressroom.training.run import Run
from pressroom.training.tensors import as_tensors
from pressroom.training.upscale import graphs as upscale_graphs
from pressroom.training.upscale import room as upscale_room
from pressroom.training.vae import room as vae_room
from pressroom.training.vae.graphs import decoder_graph, encoder_graph

Write = Callable[[Path], None]

_SIDE = 28
"""Of a picture of the data sets that have classes."""
_WITH_PICTURES: tuple[Operation, ...] = ("reconstruct", "variation", "interpolate", "edit")
_CONFIGURED = 20_000
"""Pictures whose latents tell what an attribute is."""


@dataclass(frozen=True, slots=True)
class Served:
    """``graphs`` by role, and how the other ``files`` of ``traits`` are written; ``sheet`` of samples."""

    graphs: Mapping[str, Graph]
    traits: ImageTraits
    told: Told
    files: Mapping[str, Write] = field(default_factory=dict)
    sheet: str = "samples.png"


def served(recipe: ServedRecipe, run: Run, guidance: float) -> Served:
    """The model in the run's folder; samples have ``guidance`` where nothing else is said. Raises NotMade where nothing was
    made, and DataError."""
    match recipe:
        case IconsRecipe():
            return _icons(recipe, run)
        case UpscaleRecipe():
            return _upscale(recipe, run)
        case DrawingsRecipe():
            return _drawings(run)
        case PreferenceRecipe():
            return _pictures(recipe.base, run, guidance)
        case _:
            return _pictures(recipe, run, guidance)


def _pictures(recipe: PictureRecipe, run: Run, guidance: float) -> Served:
    """What draws a picture by a seed."""
    source = PICTURES[recipe.data]
    graphs, latent, conditional, network, architecture = _network(recipe, run)
    shown = "conditional on the class, with guidance" if conditional else "which is not told a class"
    files: dict[str, Write] = {}
    named: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ("sample",)
    if isinstance(recipe, VaeRecipe):
        moves = _attributes_of(recipe, source, run)
        files, named = {"attributes": lambda path: attributes.write(moves, path)}, tuple(moves)
        operations = ("sample", *_WITH_PICTURES, "inpaint")
    return Served(
        graphs,
        ImageTraits(
            operations=operations,
            labels=source.labels if conditional else (),
            attributes=named,
            height=_SIDE,
            width=_SIDE,
            channels=1,
            latent=latent,
            files=_files(graphs, files),
        ),
        Told(
            f"Small grey pictures like those of {source.title}, {_SIDE} × {_SIDE} pixels: {network}, {shown}.",
            architecture,
            f"{source.title}, {source.licence}",
            f"Trained on {source.title} ({source.licence}).\n"
            + (f"\n{source.licence_text}" if source.licence_text else ""),
            {"guidance": guidance} if conditional else {},
        ),
        files,
    )


def _network(recipe: PictureRecipe, run: Run) -> tuple[Mapping[str, Graph], int, bool, str, str]:
    """Graphs, numbers of noise a picture, whether it is told a class, what it is in a few words, its sizes."""
    match recipe:
        case VaeRecipe():
            vae = vae_room.opened(recipe, run).vae
            layers = (
                f"{recipe.channels} channels of convolutions"
                if recipe.channels
                else "-".join(str(size) for size in (vae.config.pixels, *recipe.hidden, recipe.latent))
            )
            return (
                {"decoder": decoder_graph(vae), "encoder": encoder_graph(vae)},
                recipe.latent,
                recipe.conditional,
                f"a variational autoencoder ({layers})",
                f"VAE, {layers}, {recipe.latent} latents, {recipe.likelihood} likelihood",
            )
        case GanRecipe():
            return (
                {"decoder": gan_graph(gan_room.opened(recipe, run).generator)},
                recipe.latent,
                False,
                "the generator of a GAN",
                f"DCGAN, {recipe.channels} channels, {recipe.latent} latents, R1 {recipe.penalty:g}",
            )
        case FsqRecipe():
            coded = fsq_room.opened(recipe, run)
            codes, places = coded.fsq.config.codes, coded.fsq.config.places
            return (
                {"decoder": fsq_graph(coded)},
                places,
                True,
                f"{places} codes of {codes} kinds, written by a small transformer",
                f"FSQ {recipe.levels}, {recipe.channels} channels; transformer {recipe.layers} x {recipe.width}",
            )
        case FlowRecipe():
            flow = flow_room.opened(recipe, run)
            steps = flow.flow.config.steps
            return (
                {"decoder": flow_graph(flow)},
                recipe.latent,
                True,
                f"a flow of {steps} steps from noise to the latents of a variational autoencoder",
                f"flow {recipe.layers} x {recipe.width}, {steps} steps of Heun; VAE, {recipe.channels} channels, "
                f"{recipe.latent} latents",
            )


@torch.no_grad()
def _attributes_of(recipe: VaeRecipe, source: Source, run: Run) -> Mapping[str, torch.Tensor]:
    vae = vae_room.opened(recipe, run).vae.eval()
    shown = idx.load(source, run.data, say=run.say).train
    pixels, labels = (part[:_CONFIGURED] for part in as_tensors(shown))
    mean, _ = vae.encode(pixels, labels)
    return attributes.directions(mean, pixels, attributes.grey_attributes())


def _icons(recipe: IconsRecipe, run: Run) -> Served:
    network = icons_room.opened(recipe, run)
    graphs = {"decoder": icon_graphs.decoder_graph(network), "encoder": icon_graphs.encoder_graph(network)}
    pictures = icons_room.shown(icons.load(run.data, say=run.say).train)
    latents = icon_graphs.latents_of(network, pictures)
    moves = attributes.directions(latents, pictures, attributes.colour_attributes())
    titles = [f"{source.title} ({source.licence})" for source in icons.SOURCES]
    return Served(
        graphs,
        ImageTraits(
            operations=("variation", "edit", "interpolate", "reconstruct"),
            attributes=tuple(moves),
            height=icons.SIDE,
            width=icons.SIDE,
            channels=3,
            latent=network.config.latent,
            files=_files(graphs, {"attributes": None}),
        ),
        Told(
            f"Icons and emoji of {icons.SIDE} × {icons.SIDE} pixels in colour, through {network.config.latent} numbers and back: "
            "variations, recolouring, ways from one to another.",
            f"autoencoder, {recipe.channels} channels, {network.config.latent} latents",
            "; ".join(titles),
            f"Trained on {', '.join(titles)}.\n",
        ),
        {"attributes": lambda path: attributes.write(moves, path)},
        sheet="reconstructions.png",
    )


def _upscale(recipe: UpscaleRecipe, run: Run) -> Served:
    source = esrgan_slim.SOURCE
    graphs = {"upscaler": upscale_graphs.upscaler_graph(upscale_room.opened(recipe, run))}
    side = upscale_graphs.SIDE
    return Served(
        graphs,
        ImageTraits(
            operations=("upscale",),
            height=side,
            width=side,
            channels=3,
            times=recipe.times,
            files=_files(graphs, {}),
        ),
        Told(
            f"Pictures {recipe.times} times as large: a small residual dense network.",
            "residual dense network, 2 blocks, 64 channels",
            f"weights of {source.title}, {source.licence}, converted",
            f"Weights of {source.title} ({source.licence}), converted.\n\n{source.licence_text}",
            licence="MIT",
        ),
    )


def _drawings(run: Run) -> Served:
    def written(path: Path) -> None:
        shutil.copyfile(run.folder / DRAWINGS, path)

    titles = [f"{source.title} ({source.licence})" for source in drawings.SOURCES]
    return Served(
        {},
        ImageTraits(operations=("icon",), height=24, width=24, channels=3, files={"icons": DRAWINGS}),
        Told(
            "Icons found by words, in a colour that is asked for, as pixels or as a drawing. People have drawn them, no model.",
            "an index of words",
            "; ".join(titles),
            f"Drawings of {', '.join(titles)}.\n\n"
            + "\n".join(source.licence_text for source in drawings.SOURCES if source.licence_text),
            licence="ISC AND MIT",
        ),
        {"icons": written},
    )


def _files(graphs: Mapping[str, Graph], others: Mapping[str, Any]) -> dict[str, str]:
    """Role to the name of its file."""
    return {**{role: f"{role}.onnx" for role in graphs}, **{role: f"{role}.npz" for role in others}}
