"""How every room trains a task: the loop, with the run's folder told on the way, and ``curves.png`` of how it went."""

from pressroom.training import plots
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import Outcome, train
from pressroom.training.loop.task import Task
from pressroom.training.run import Run
from pressroom.training.telling import told


def fitted(task: Task, plan: Plan, digest: str, run: Run) -> Outcome:
    """``task`` has the weights of its best epoch then; ``digest`` is its recipe's. Raises TrainingError."""
    with told(run) as watcher:
        outcome = train(task, plan, recipe=digest, folder=run.folder, watcher=watcher)
    plots.curves(outcome.history, run.folder / "curves.png")
    return outcome
