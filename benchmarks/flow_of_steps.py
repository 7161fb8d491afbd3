"""Makes a zoo in which ``fashion-flow`` takes another number of steps, for ``image.py --zoo``.

    python benchmarks/flow_of_steps.py RUN OUT --steps 25

RUN is the folder of ``pressroom train vae-flow``. A step of Heun runs the network twice: 25 steps are 50 runs of it. The other models are those
of the shipped zoo. The figures in its manifest are of the 16 steps that are shipped, so that nothing but a benchmark may use it.
"""

import argparse
import dataclasses
import shutil
from pathlib import Path

from pressroom.catalog.catalog import zoo_folder
from pressroom.training.exporting.kinds import served
from pressroom.training.exporting.model import About, write_model
from pressroom.training.flow import room
from pressroom.training.flow.graphs import decoder_graph
from pressroom.training.made import Made
from pressroom.training.recipe import FlowRecipe
from pressroom.training.run import Run

NAME = "fashion-flow"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=25)
    arguments = parser.parse_args()
    made, run = Made.read(arguments.run), Run(arguments.run, print)
    if not isinstance(made.recipe, FlowRecipe):
        raise SystemExit("Name the folder of a flow: pressroom train vae-flow.")
    shutil.copytree(zoo_folder(None), arguments.out)
    shutil.rmtree(arguments.out / NAME)
    pictures = room.opened(made.recipe, run)
    pictures.flow.config = dataclasses.replace(pictures.flow.config, steps=arguments.steps)
    found = served(made.recipe, run, 1.0)
    about = About(
        name=NAME,
        version="1.0.0",
        title=f"A flow of {arguments.steps} steps",
        origin="Made for a benchmark.",
        recipe=made.name,
        recipe_sha256=made.recipe.digest(),
        metrics={},
        notice="For a benchmark.\n",
        told=found.told,
    )
    manifest = write_model(about, {"decoder": decoder_graph(pictures)}, found.traits, arguments.out / NAME)
    print(f"{arguments.out / NAME}: {arguments.steps} steps of Heun, sha256 {manifest.sha256[:12]}")


if __name__ == "__main__":
    main()
