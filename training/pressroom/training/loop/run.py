"""The one loop that trains everything: a step after the other, a score and a checkpoint after each epoch.

    order of the examples   a function of (seed, epoch)     what a step draws at random    a function of (seed, step)

So a run that was broken off goes on from its last epoch as if nothing had been. The weights of the best epoch are kept.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pressroom.training.loop.checkpoint import Checkpoint
from pressroom.training.loop.errors import Diverged
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.task import Now, Task

# Seeds of orders and of steps come from different numbers.
_ORDER, _STEP = 1, 2


@dataclass(frozen=True, slots=True)
class Progress:
    """After each step. ``losses`` are means over the epoch so far; ``share`` of the budget is used, ``left_s`` seconds of
    CPU time are to come."""

    epoch: int
    step: int
    share: float
    spent_s: float
    left_s: float
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Epoch:
    """After each epoch: means of its losses, and the score of what was held out."""

    number: int
    spent_s: float
    rate: float
    losses: Mapping[str, float]
    scores: Mapping[str, float]
    best: bool

    def as_dict(self) -> dict[str, float]:
        """Flat, as the history keeps it."""
        told = {"epoch": float(self.number), "spent_s": self.spent_s, "rate": self.rate}
        return told | {f"train_{name}": value for name, value in self.losses.items()} | dict(self.scores)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told; both do nothing unless given."""

    step: Callable[[Progress], None] = lambda progress: None
    epoch: Callable[[Epoch], None] = lambda epoch: None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``history``: a row an epoch. ``why``: "budget" or "patience"."""

    epochs: int
    steps: int
    spent_s: float
    best_epoch: int
    best_score: float
    history: list[dict[str, float]]
    why: str

    @property
    def best(self) -> Mapping[str, float]:
        """The best epoch's row: its scores are those of the weights that the task has now."""
        return self.history[self.best_epoch - 1]


def train(
    task: Task,
    plan: Plan,
    *,
    recipe: str,
    folder: Path | None = None,
    watcher: Watcher = Watcher(),
) -> Outcome:
    """Train ``task`` over ``plan``, on from the checkpoint in ``folder`` if there is one; it has its best weights then.

    ``recipe`` is what the checkpoint is held against. Raises CheckpointCorrupt, CheckpointOfAnother and Diverged.
    """
    return _Run(task, plan, recipe, folder, watcher).to_the_end()


class _Run:
    def __init__(self, task: Task, plan: Plan, recipe: str, folder: Path | None, watcher: Watcher) -> None:
        self._task, self._plan, self._folder, self._watcher = task, plan, folder, watcher
        self._steps_an_epoch = math.ceil(task.rows / plan.batch)
        self._began = time.process_time()
        found = Checkpoint.read(folder, recipe) if folder is not None else None
        if found is None:
            found = Checkpoint(recipe, 0, 0, 0.0, math.inf, 0, task.state(), task.weights())
        else:
            task.load(found.task)
        self._at = found
        self._spent_before = found.spent_s

    def to_the_end(self) -> Outcome:
        at, why = self._at, "budget"
        while self._share() < 1:
            self._epoch()
            if self._plan.patience is not None and at.epoch - at.best_epoch >= self._plan.patience:
                why = "patience"
                break
        self._task.load_weights(at.best)
        return Outcome(at.epoch, at.step, self._spent(), at.best_epoch, at.best_score, at.history, why)

    def _epoch(self) -> None:
        at = self._at
        at.epoch += 1
        sums: dict[str, float] = {}
        steps, rate = 0, 0.0
        for rows in self._order(at.epoch):
            share = self._share()
            if share >= 1 and steps:  # an epoch has one step at least
                break
            rate = self._plan.rate(at.step, share)
            torch.manual_seed(_seed(self._plan.seed, _STEP, at.step))
            losses = self._task.step(rows, Now(at.step, share, rate))
            if not math.isfinite(losses["loss"]):
                raise Diverged(
                    f"The loss is {losses['loss']} in step {at.step + 1} of epoch {at.epoch}. Lower the learning rate."
                )
            at.step, steps = at.step + 1, steps + 1
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
            self._watcher.step(self._progress({name: value / steps for name, value in sums.items()}))
        self._judge(Epoch(at.epoch, self._spent(), rate, {n: s / steps for n, s in sums.items()}, {}, False))

    def _judge(self, epoch: Epoch) -> None:
        at = self._at
        torch.manual_seed(_seed(self._plan.seed, _STEP, -1))  # the same draws each time
        scores = dict(self._task.score())
        better = scores["score"] < at.best_score
        if better:
            at.best_score, at.best_epoch, at.best = scores["score"], at.epoch, self._task.weights()
        told = Epoch(epoch.number, self._spent(), epoch.rate, epoch.losses, scores, better)
        at.history.append(told.as_dict())
        if self._folder is not None:
            at.task, at.spent_s = self._task.state(), self._spent()
            at.write(self._folder)
        self._watcher.epoch(told)

    def _order(self, epoch: int) -> Iterator[Tensor]:
        dice = torch.Generator().manual_seed(_seed(self._plan.seed, _ORDER, epoch))
        yield from torch.randperm(self._task.rows, generator=dice).split(self._plan.batch)

    def _spent(self) -> float:
        return self._spent_before + time.process_time() - self._began

    def _share(self) -> float:
        return self._plan.share(self._at.step, self._steps_an_epoch, self._spent())

    def _progress(self, losses: Mapping[str, float]) -> Progress:
        share, spent = self._share(), self._spent()
        left = spent * (1 - share) / share if share else math.inf
        return Progress(self._at.epoch, self._at.step, share, spent, left, losses)


def _seed(seed: int, what: int, number: int) -> int:
    """One number for each (seed, purpose, number), far apart for neighbours: splitmix64's mixing (Steele et al. 2014)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + what * 0xBF58476D1CE4E5B9 + number + 1) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> shift)) * factor % 2**64
    return (mixed ^ (mixed >> 31)) % 2**63
