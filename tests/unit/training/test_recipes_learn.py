"""Every shipped recipe that trains, on its real data: in at most 40 seconds of CPU time what it makes small becomes so much smaller."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pressroom.training import fitting, recipe
from pressroom.training.data import idx, wordnet
from pressroom.training.data.errors import DataMissing
from pressroom.training.data.idx import Pictures, Source, Split
from pressroom.training.data.sources import Say
from pressroom.training.loop import run as loop
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import Outcome, Watcher
from pressroom.training.loop.task import Now, Task
from pressroom.training.recipe import LanguageRecipe
from pressroom.training.rooms import make
from pressroom.training.run import Run

pytestmark = [pytest.mark.train, pytest.mark.timeout(600)]

SECONDS = 30
"""Of CPU time, for all stages of a recipe together."""

_DENSE = {"cvae-fashion", "vae-dense", "vae-dense-fashion", "vae-dense-quick", "vae-logistic"}
QUICK, QUICK_SECONDS = frozenset({*_DENSE, "embeddings", "features", "gan-fashion", "vae-conv"}), 20
"""After so many, less is left by 8 % or more than may be."""

SLOW, SLOW_SECONDS = frozenset({"icons64"}), 40
"""What is learnt beyond its principal components shows late."""

TESTED, STAGED, EVERY = 2_000, 20_000, 4
"""Of real data, so much where more takes time and shows nothing: pictures to measure on what was made; pictures to train on for
recipes of two stages, which take all of them from the first stage to the second; one text of so many for language models. Of
these only the flow goes through it more than once. What is done behind the training is done."""

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

    def left(self, outcome: Outcome) -> float:
        """Of the first steps' loss, at the end."""
        if self._scored:
            return outcome.best_score / self.losses[0]
        few = max(3, len(self.losses) // 20)
        return sum(self.losses[-few:]) / few / (sum(self.losses[:3]) / 3)


def _stages(name: str) -> int:
    return sum(hasattr(recipe.load(name), stage) for stage in recipe.STAGES)


def _spare(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """See ``TESTED``."""
    pictures, texts = idx.load, wordnet.load
    shown = STAGED if _stages(name) > 1 else None

    def fewer(source: Source, folder: Path | None = None, *, say: Say) -> Pictures:
        whole = pictures(source, folder, say=say)
        return Pictures(_first(whole.train, shown), _first(whole.test, TESTED))

    monkeypatch.setattr(idx, "load", fewer)
    if isinstance(recipe.load(name), LanguageRecipe):
        monkeypatch.setattr(wordnet, "load", lambda folder, say: texts(folder, say=say)[::EVERY])


def _first(split: Split, count: int | None) -> Split:
    return Split(split.images[:count], split.labels[:count])


@pytest.mark.parametrize("name", TRAINED)
def test_its_loss_falls(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = _stages(name)
    found: list[float] = []

    def train(task: Task, plan: Plan, *, recipe: str, folder: Path, watcher: Watcher) -> Outcome:
        torch.manual_seed(0)
        recorded = Recorded(task, by_score=name in BY_SCORE)
        outcome = loop.train(task, plan, recipe=recipe, folder=folder, watcher=watcher)
        found.append(recorded.left(outcome))
        return outcome

    monkeypatch.setattr(fitting, "train", train)
    _spare(monkeypatch, name)
    seconds = QUICK_SECONDS if name in QUICK else SLOW_SECONDS if name in SLOW else SECONDS
    budget = {"epochs": None, "cpu_seconds": seconds / stages, "patience": None}
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
