"""What workers get of each kind of network that makes pictures, and how it is described."""

from collections.abc import Mapping
from dataclasses import dataclass

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.flow import room as flow_room
from pressroom.training.flow.graphs import decoder_graph as flow_graph
from pressroom.training.fsq import room as fsq_room
from pressroom.training.fsq.graphs import decoder_graph as fsq_graph
from pressroom.training.gan import room as gan_room
from pressroom.training.gan.graphs import decoder_graph as gan_graph
from pressroom.training.recipe import FlowRecipe, FsqRecipe, GanRecipe, PictureRecipe, VaeRecipe
from pressroom.training.run import Run
from pressroom.training.vae import room as vae_room
from pressroom.training.vae.graphs import decoder_graph, encoder_graph


@dataclass(frozen=True, slots=True)
class Served:
    """``graphs`` by role. ``latent`` numbers of noise make a picture; ``conditional``: it can be asked for a class.
    ``network`` says what it is in a few words, ``architecture`` its sizes."""

    graphs: Mapping[str, Graph]
    latent: int
    conditional: bool
    network: str
    architecture: str


def served(recipe: PictureRecipe, run: Run) -> Served:
    """The network in the run's folder. Raises NotMade where nothing was trained."""
    match recipe:
        case VaeRecipe():
            return _vae(recipe, run)
        case GanRecipe():
            generator = gan_room.opened(recipe, run).generator
            return Served(
                {"decoder": gan_graph(generator)},
                recipe.latent,
                conditional=False,
                network="the generator of a GAN",
                architecture=f"DCGAN, {recipe.channels} channels, {recipe.latent} latents, R1 {recipe.penalty:g}",
            )
        case FsqRecipe():
            coded = fsq_room.opened(recipe, run)
            codes, places = coded.fsq.config.codes, coded.fsq.config.places
            return Served(
                {"decoder": fsq_graph(coded)},
                places,
                conditional=True,
                network=f"{places} codes of {codes} kinds, written by a small transformer",
                architecture=f"FSQ {recipe.levels}, {recipe.channels} channels; transformer {recipe.layers} x {recipe.width}",
            )
        case FlowRecipe():
            flow = flow_room.opened(recipe, run)
            steps = flow.flow.config.steps
            return Served(
                {"decoder": flow_graph(flow)},
                recipe.latent,
                conditional=True,
                network=f"a flow of {steps} steps from noise to the latents of a variational autoencoder",
                architecture=f"flow {recipe.layers} x {recipe.width}, {steps} steps of Heun; VAE, {recipe.channels} channels, "
                f"{recipe.latent} latents",
            )


def _vae(recipe: VaeRecipe, run: Run) -> Served:
    vae = vae_room.opened(recipe, run).vae
    layers = (
        f"{recipe.channels} channels of convolutions"
        if recipe.channels
        else "-".join(str(size) for size in (vae.config.pixels, *recipe.hidden, recipe.latent))
    )
    return Served(
        {"decoder": decoder_graph(vae), "encoder": encoder_graph(vae)},
        recipe.latent,
        conditional=recipe.conditional,
        network=f"a variational autoencoder ({layers})",
        architecture=f"VAE, {layers}, {recipe.latent} latents, {recipe.likelihood} likelihood",
    )
