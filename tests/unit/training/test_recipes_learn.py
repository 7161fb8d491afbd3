"""Every shipped recipe that trains, on its real data: in 30 seconds of CPU time what it makes small becomes so much smaller."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pressroom.training import fitting, recipe
from pressroom.training.data.errors import DataMissing
from pressroom.training.loop import run as loop
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import Outcome, Watcher
from pressroom.training.loop.task import Now, Task
from pressroom.training.rooms import make
from pressroom.training.run import Run

pytestmark = [pytest.mark.train, pytest.mark.timeout(600)]

SECONDS = 30
"""For all stages of a recipe together."""

# Of what the loss was in the first steps, so much may be left of it at the end, stage by stage.
LEFT: dict[str, tuple[float, ...]] = {
    "cvae-fashion": (0.55,),
    "embeddings": (0.7,),
    "features": (0.5,),
    "fsq-ar": (0.75, 0.75),
    "gan": (0.5,),
    "gan-fashion": (0.95,),
    "icons64": (0.98,),
    "lm-gpt": (0.88,),
    "lm-lstm": (0.9,),
    "vae-conv": (0.5,),
    "vae-dense": (0.35,),
    "vae-dense-fashion": (0.55,),
    "vae-dense-quick": (0.55,),
    "vae-flow": (0.9, 0.5),
    "vae-logistic": (0.8,),
}

# Generator and critic pull at one another: what falls is how far samples are from pictures that were held out. Icons begin with
# principal components, and what is learnt beyond them is less than pictures differ from one another.
BY_SCORE = ("gan", "gan-fashion", "icons64")

TRAINED = [name for name in recipe.names() if hasattr(recipe.load(name), "plan")]


class Recorded:
    """A task, and what its steps have cost."""

    def __init__(self, task: Task, *, by_score: bool) -> None:
        self._task = task
        self.losses: list[float] = []
        self._step = task.step
        self._scored = by_score
        task.step = self.step  # type: ignore[method-assign]
        if by_score:
            self.losses.append(task.score()["score"])

    def step(self, rows: Tensor, now: Now) -> Mapping[str, float]:
        told = self._step(rows, now)
        if not self._scored:
            self.losses.append(told["loss"])
        return told

    def left(self) -> float:
        """Of the first steps' loss, at the end."""
        if self._scored:
            return self._task.score()["score"] / self.losses[0]
        few = max(3, len(self.losses) // 20)
        return sum(self.losses[-few:]) / few / (sum(self.losses[:3]) / 3)


def _stages(name: str) -> int:
    return sum(hasattr(recipe.load(name), stage) for stage in recipe.STAGES)


@pytest.mark.parametrize("name", TRAINED)
def test_its_loss_falls(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = _stages(name)
    found: list[float] = []

    def train(task: Task, plan: Plan, *, recipe: str, folder: Path, watcher: Watcher) -> Outcome:
        torch.manual_seed(0)
        recorded = Recorded(task, by_score=name in BY_SCORE)
        outcome = loop.train(task, plan, recipe=recipe, folder=folder, watcher=watcher)
        found.append(recorded.left())
        return outcome

    monkeypatch.setattr(fitting, "train", train)
    budget = {"epochs": None, "cpu_seconds": SECONDS / stages, "patience": None}
    try:
        make(recipe.load(name, budget), Run(tmp_path, lambda line: None, quiet=True))
    except DataMissing as error:
        pytest.skip(str(error))
    assert len(found) == stages
    for stage, (left, most) in enumerate(zip(found, LEFT[name], strict=True)):
        assert left <= most, f"stage {stage}"


def test_every_recipe_states_how_far() -> None:
    assert set(LEFT) == set(TRAINED)
    assert all(len(most) == _stages(name) for name, most in LEFT.items())
    assert all(0 < each < 1 for most in LEFT.values() for each in most)
