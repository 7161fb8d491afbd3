"""What a training run tells while it goes on: a bar for people, TensorBoard's logs, and a line an epoch.

bar            the epoch, its mean loss, the share of the budget, and how long it still takes
tensorboard/   losses, scores and the learning rate of each epoch, for `tensorboard --logdir`
line           what the epoch came to, with a mark where it is the best so far
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from tensorboardX import SummaryWriter

from pressroom.training.loop.run import Epoch, Watcher
from pressroom.training.loop.run import Progress as Step
from pressroom.training.run import Run


@contextmanager
def told(run: Run) -> Iterator[Watcher]:
    """Who hears of a run's steps and epochs, until it is over."""
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %  loss {task.fields[loss]:.4g}  {task.fields[left]} to go"),
    )
    bar = Progress(*columns, console=Console(stderr=True), disable=run.quiet, transient=True)
    with bar, SummaryWriter(str(run.folder / "tensorboard"), write_to_disk=True) as board:
        task = bar.add_task("training", total=1.0, epoch=0, loss=0.0, left="–")

        def step(now: Step) -> None:
            bar.update(
                task,
                completed=now.share,
                epoch=now.epoch,
                loss=now.losses["loss"],
                left=minutes(now.left_s),
            )

        def epoch(now: Epoch) -> None:
            for name, value in now.as_dict().items():
                if name != "epoch":
                    board.add_scalar(name, value, now.number)
            run.say(line(now))

        yield Watcher(step, epoch)


def line(epoch: Epoch) -> str:
    """One line for people."""
    losses = ", ".join(f"{name} {value:.4g}" for name, value in epoch.losses.items())
    scores = ", ".join(f"{name} {value:.4g}" for name, value in epoch.scores.items())
    best = " *" if epoch.best else ""
    return f"epoch {epoch.number:3d}: {losses}; held out: {scores}; {epoch.spent_s:.0f} s of CPU{best}"


def minutes(seconds: float) -> str:
    """ "2:05", of CPU time; "–" where it is not known."""
    return "–" if seconds == float("inf") else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
