"""The loop on a straight line: it learns, keeps the best, goes on from a checkpoint as if nothing had been."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pressroom.training.loop.checkpoint import FILE
from pressroom.training.loop.errors import CheckpointCorrupt, CheckpointOfAnother, Diverged
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import Epoch, Outcome, Progress, Watcher, train
from pressroom.training.loop.task import Now, OneLoss

pytestmark = pytest.mark.train


class Line(OneLoss):
    """y = 3 x + 1, with noise in each step's picture of it."""

    def __init__(self, seed: int = 0) -> None:
        torch.manual_seed(seed)
        network = nn.Linear(1, 1)
        super().__init__(network, torch.optim.Adam(network.parameters()))
        self.x = torch.linspace(-1, 1, 90)[:, None]
        self.seen: list[int] = []
        self.scores: list[float] | None = None

    @property
    def rows(self) -> int:
        return len(self.x)

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        self.seen += rows.tolist()
        x = self.x[rows] + 0.01 * torch.randn(len(rows), 1)
        loss = (self.network(x) - 3 * x - 1).square().mean()
        return {"loss": loss, "twice": 2 * loss}

    def score(self) -> Mapping[str, float]:
        if self.scores is not None:
            return {"score": self.scores.pop(0)}
        with torch.no_grad():
            return {"score": float((self.network(self.x) - 3 * self.x - 1).square().mean())}


def _plan(**changes: Any) -> Plan:
    return Plan.model_validate(
        {"epochs": 20, "batch": 16, "learning_rate": 0.1, "warm_up_steps": 5, **changes}
    )


def _weights(task: Line) -> list[float]:
    return [float(value.detach()) for value in task.network.parameters()]


def test_it_learns_and_says_so() -> None:
    task, epochs, steps = Line(), list[Epoch](), list[Progress]()
    outcome = train(task, _plan(), recipe="r", watcher=Watcher(steps.append, epochs.append))
    assert _weights(task) == pytest.approx([3, 1], abs=0.05)
    assert (outcome.epochs, outcome.steps, outcome.why) == (20, 120, "budget")
    assert [epoch.number for epoch in epochs] == list(range(1, 21))
    assert epochs[-1].losses["loss"] < 0.01 * epochs[0].losses["loss"]
    assert epochs[0].losses["twice"] == pytest.approx(2 * epochs[0].losses["loss"])
    assert [progress.step for progress in steps] == list(range(1, 121))
    assert steps[-1].share == 1
    assert steps[-1].left_s == 0
    assert [row["epoch"] for row in outcome.history] == list(range(1, 21))
    assert outcome.best["score"] == outcome.best_score == task.score()["score"]


def test_each_epoch_sees_each_example_once_and_in_another_order() -> None:
    task = Line()
    train(task, _plan(epochs=2), recipe="r")
    first, second = task.seen[:90], task.seen[90:]
    assert sorted(first) == sorted(second) == list(range(90))
    assert first != second


def test_the_same_seed_gives_the_same_weights_and_another_others() -> None:
    found = []
    for seed in (1, 1, 2):
        task = Line()
        train(task, _plan(seed=seed, epochs=2), recipe="r")
        found.append(_weights(task))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("broken_after", [1, 7, 19])
def test_a_broken_run_goes_on_as_if_nothing_had_been(tmp_path: Path, broken_after: int) -> None:
    whole = Line()
    expected = train(whole, _plan(), recipe="r")

    class Cut(Exception):
        pass

    def cut(progress: Progress) -> None:
        if progress.epoch == broken_after + 1 and progress.step % 6 == 3:
            raise Cut

    with pytest.raises(Cut):
        train(Line(), _plan(), recipe="r", folder=tmp_path, watcher=Watcher(step=cut))
    torch.manual_seed(99)  # another process would be anywhere
    again = Line(seed=5)
    outcome = train(again, _plan(), recipe="r", folder=tmp_path)
    assert _weights(again) == _weights(whole)
    assert _told(outcome) == _told(expected)


def _told(outcome: Outcome) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "spent_s"} for row in outcome.history]


def test_a_run_that_is_over_is_not_begun_again(tmp_path: Path) -> None:
    first = train(Line(), _plan(), recipe="r", folder=tmp_path)
    task = Line(seed=3)
    assert train(task, _plan(), recipe="r", folder=tmp_path).steps == first.steps
    assert task.seen == []
    assert _weights(task) == pytest.approx([3, 1], abs=0.05)


def test_the_best_epoch_is_kept_and_patience_ends_it() -> None:
    task = Line()
    task.scores = [5.0, 3.0, 4.0, 3.5, 9.0]
    kept: list[list[float]] = []
    watcher = Watcher(epoch=lambda epoch: kept.append(_weights(task)))
    outcome = train(task, _plan(patience=3), recipe="r", watcher=watcher)
    assert (outcome.why, outcome.epochs, outcome.best_epoch, outcome.best_score) == ("patience", 5, 2, 3.0)
    assert (outcome.best["epoch"], outcome.best["score"]) == (2, 3.0)
    assert _weights(task) == kept[1]


def test_a_budget_in_seconds_ends_it() -> None:
    outcome = train(Line(), _plan(epochs=None, cpu_seconds=0.5), recipe="r")
    assert 0.5 <= outcome.spent_s < 1.5
    assert outcome.steps > 10


def test_a_loss_that_is_no_number_ends_it_and_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    class Bad(Line):
        def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
            found = dict(super().losses(rows, now))
            return found if now.step < 8 else {**found, "loss": found["loss"] * math.nan}

    with pytest.raises(Diverged, match="step 9 of epoch 2"):
        train(Bad(), _plan(), recipe="r", folder=tmp_path)
    outcome = train(Line(), _plan(), recipe="r", folder=tmp_path)
    assert outcome.history[0]["epoch"] == 1
    assert all(math.isfinite(row["score"]) for row in outcome.history)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    train(Line(), _plan(epochs=1), recipe="one" * 10, folder=tmp_path)
    with pytest.raises(CheckpointOfAnother, match="--out"):
        train(Line(), _plan(epochs=1), recipe="two" * 10, folder=tmp_path)


@pytest.mark.parametrize("damage", ["half", "empty", "text", "other"])
def test_a_damaged_checkpoint_is_refused_and_stays(tmp_path: Path, damage: str) -> None:
    train(Line(), _plan(epochs=1), recipe="r", folder=tmp_path)
    path = tmp_path / FILE
    content = path.read_bytes()
    match damage:
        case "half":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_bytes(b"not a checkpoint at all")
        case _:
            torch.save({"weights": torch.zeros(3)}, path)
    before = path.read_bytes()
    with pytest.raises(CheckpointCorrupt, match="Remove it"):
        train(Line(), _plan(epochs=1), recipe="r", folder=tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong", [{"epochs": None}, {"cpu_seconds": 3}, {"batch": 0}, {"learning_rate": 0}, {"speed": 1}]
)
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"budget|greater|Extra"):
        _plan(**wrong)


def test_the_learning_rate_rises_and_falls() -> None:
    plan = _plan(warm_up_steps=10, final_share=0.1)
    rates = [plan.rate(step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.01, rel=0.01)
    assert rates.index(max(rates)) in (9, 10)
    assert rates[100] == pytest.approx(0.01)
    assert all(a >= b for a, b in pairwise(rates[10:]))
