"""Makes a recipe of kind ``vae``: trains, measures on the test set, and draws what it has learnt.

data ─> loop (checkpoints, TensorBoard) ─> weights.pt ─> metrics, curves.png, samples.png, reconstructions.png
"""

from pressroom.training import weights
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures
from pressroom.training.data.named import PICTURES
from pressroom.training.fitting import fitted
from pressroom.training.loop.run import Outcome
from pressroom.training.pictures import draw
from pressroom.training.recipe import VaeRecipe
from pressroom.training.run import Run
from pressroom.training.vae import evaluate
from pressroom.training.vae.model import Vae
from pressroom.training.vae.pictures import VaePictures
from pressroom.training.vae.task import HELD_OUT, VaeTask, config_of


def make(recipe: VaeRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of the test set."""
    pictures = idx.load(PICTURES[recipe.data], run.data, say=run.say)
    vae, _ = fit(recipe, pictures, run)
    weights.write(vae.state_dict(), run.folder)
    draw(VaePictures(vae), pictures.test, run.folder)
    return evaluate.bounds(vae, pictures.test, seed=recipe.plan.seed).as_dict()


def fit(recipe: VaeRecipe, pictures: Pictures, run: Run, *, held_out: int = HELD_OUT) -> tuple[Vae, Outcome]:
    """The network with its best weights, and how the training went; ``curves.png`` shows it."""
    classes = len(PICTURES[recipe.data].labels)
    task = VaeTask(recipe, pictures.train, classes, held_out=held_out)
    outcome = fitted(task, recipe.plan, recipe.digest(), run)
    run.say(
        f"{outcome.epochs} epochs, {outcome.spent_s:.0f} s of CPU, ended by {outcome.why}; "
        f"best was epoch {outcome.best_epoch} with {outcome.best_score:.2f} nats"
    )
    return task.vae, outcome


def opened(recipe: VaeRecipe, run: Run) -> VaePictures:
    """What ``make`` has left in the run's folder."""
    vae = Vae(config_of(recipe, 28, 28, len(PICTURES[recipe.data].labels)))
    vae.load_state_dict(weights.read(run.folder))
    return VaePictures(vae)
