"""Skip-gram: its loss by hand, the pairs that it learns from, and that words of the same company come together."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from pressroom.training.embeddings import near
from pressroom.training.embeddings.model import SkipGram
from pressroom.training.embeddings.room import make_from
from pressroom.training.embeddings.task import SkipGramTask
from pressroom.training.recipe import EmbeddingsRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train


def test_the_loss_by_hand() -> None:
    model = SkipGram(4, 2)
    with torch.no_grad():
        model.middle.weight.copy_(torch.tensor([[1.0, 0], [0, 0], [0, 0], [0, 0]]))
        model.beside.weight.copy_(torch.tensor([[0.0, 0], [2, 9], [-1, 9], [3, 9]]))
    found = model(torch.tensor([0]), torch.tensor([1]), torch.tensor([[2, 3]]))
    expected = math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1)) + math.log(1 + math.exp(3))
    assert found.tolist() == pytest.approx([expected], rel=1e-6)


def _seen_pairs(sentences: list[list[int]], vocabulary: int, window: int) -> Counter[tuple[int, int]]:
    task = SkipGramTask(sentences, vocabulary, 4, window=window)
    task._keep = torch.ones(vocabulary)
    seen: Counter[tuple[int, int]] = Counter()

    def see(middle: torch.Tensor, beside: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        seen.update(zip(middle.tolist(), beside.tolist(), strict=True))
        assert drawn.shape == (len(middle), 5)
        return middle.float()

    task.model.forward = see  # type: ignore[method-assign]
    torch.manual_seed(0)
    for _ in range(300):
        task._cost(task._train)
    return seen


def test_pairs_lie_within_the_window_and_the_sentence() -> None:
    sentences = [[9], [0, 1, 2, 3, 4], [5, 6]]
    seen = _seen_pairs(sentences, 10, window=2)
    near_by = {
        (a, b)
        for each in sentences[1:]
        for a in each
        for b in each
        if 0 < abs(each.index(a) - each.index(b)) < 3
    }
    assert set(seen) == near_by
    assert seen[2, 1] + seen[2, 3] > 2 * (
        seen[2, 0] + seen[2, 4]
    )  # three times as often, by the drawn window


def test_common_words_are_left_out_at_times() -> None:
    sentences = [[number % 900 + 1, 0] for number in range(9000)]
    task = SkipGramTask(sentences, 901, 4)
    assert float(task._keep[0]) == pytest.approx(math.sqrt(1e-4 / 0.5), rel=0.02)
    assert float(task._keep[7]) > 0.4


def test_words_by_chance_come_as_often_as_three_quarters_says() -> None:
    task = SkipGramTask([[9], [0] * 160, [1] * 10], 10, 4)
    shares = torch.diff(task._chances, prepend=torch.zeros(1, dtype=torch.float64))
    assert float(shares[0] / shares[1]) == pytest.approx(16**0.75)
    assert float(shares[5]) == 0


def test_where_no_pair_is_left_it_costs_nothing() -> None:
    task = SkipGramTask([[0], [1], [2]], 3, 4)
    found = task._cost(task._train)
    found.mean().backward()
    assert found.tolist() == [0.0]


def _texts() -> list[str]:
    """Colours stand where colours stand, and sizes where sizes do."""
    dice = np.random.default_rng(0)
    colours, sizes = ["red", "blue", "green", "white"], ["tall", "wide", "small", "long"]
    things = ["cup", "door", "lamp", "chair", "shirt"]
    return [
        f"a {dice.choice(sizes)} {dice.choice(things)} that was painted {dice.choice(colours)} by hand"
        for _ in range(3000)
    ]


def test_words_of_the_same_company_come_together(tmp_path: Path) -> None:
    recipe = EmbeddingsRecipe.model_validate(
        {
            "kind": "embeddings",
            "title": "t",
            "width": 16,
            "window": 3,
            "kept": 1.0,  # of so few words each is common
            "plan": {"epochs": 25, "batch": 1000, "learning_rate": 0.02, "warm_up_steps": 5},
        }
    )
    synonyms = [("red", "blue"), ("tall", "wide"), ("no-such", "red"), ("cup", "lamp"), ("white", "green")]
    metrics = make_from(_texts(), synonyms, recipe, Run(tmp_path, lambda line: None, quiet=True))
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint.pt",
        "curves.png",
        "map.png",
        "nearest.txt",
        "tensorboard",
        "vectors.npy",
        "vocabulary.json",
    }
    assert (
        metrics["synonyms_closer_than_chance"] >= 0.75
    )  # of four pairs; a word by chance may be one of the same kind
    lines = dict(
        line.split(": ") for line in (tmp_path / "nearest.txt").read_text(encoding="utf-8").splitlines()
    )
    first = [each.split()[0] for each in lines["blue"].split(", ")[:3]]
    assert set(first) == {"red", "green", "white"}


# ---- what lies near what --------------------------------------------------------------------------------------------


def test_nearest_are_sorted_and_without_the_word() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [-1, -1.1]], np.float32)
    towards = near.directions(vectors)
    np.testing.assert_allclose(np.linalg.norm(towards, axis=1), 1, rtol=1e-5)
    found = near.nearest(towards, 0, 2)
    assert [word for word, _ in found] == [1, 2]
    assert found[0][1] > found[1][1]


def test_chance_is_a_half_and_sense_is_more() -> None:
    dice = np.random.default_rng(0)
    towards = near.directions(dice.normal(size=(500, 20)).astype(np.float32))
    by_chance = dice.integers(0, 500, (3000, 2))
    assert near.closer_than_chance(towards, map(tuple, by_chance)) == pytest.approx(0.5, abs=0.04)
    alike = np.repeat(towards[:250], 2, axis=0) + 0.05 * dice.normal(size=(500, 20)).astype(np.float32)
    assert near.closer_than_chance(alike, [(2 * n, 2 * n + 1) for n in range(250)]) > 0.95
    with pytest.raises(ValueError, match="no pair"):
        near.closer_than_chance(towards, [])


def test_a_map_is_the_plane_of_most_difference() -> None:
    dice = np.random.default_rng(0)
    vectors = dice.normal(size=(60, 5)) * np.array([0.1, 5.0, 0.1, 3.0, 0.1])
    flat = near.flat(vectors.astype(np.float32), range(60))
    assert abs(np.corrcoef(flat[:, 0], vectors[:, 1])[0, 1]) > 0.97
    assert abs(np.corrcoef(flat[:, 1], vectors[:, 3])[0, 1]) > 0.97
