"""Who lies among whom: what precision and recall say of clouds whose answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.training.measure.neighbours import cover

Points = NDArray[np.float64]


def _cloud(count: int, *centres: tuple[float, float], seed: int = 0) -> Points:
    dice = np.random.default_rng(seed)
    return np.array(centres)[np.arange(count) % len(centres)] + 0.1 * dice.normal(size=(count, 2))


def test_by_hand() -> None:
    real = np.array([[0.0], [1], [2], [3]])
    made = np.array([[0.4], [9], [10], [11]])
    # k = 1: real balls reach 1 to each side; made ones 8.6 at 0.4, and 1 at the others.
    found = cover(real, made, k=1)
    assert (found.precision, found.recall) == (0.25, 1.0)


def test_the_same_cloud_is_all_of_both() -> None:
    found = cover(_cloud(2500, (0, 0)), _cloud(2500, (0, 0), seed=1))
    assert found.precision > 0.95
    assert found.recall > 0.95


def test_what_is_missing_costs_recall_and_what_is_wrong_precision() -> None:
    real = _cloud(1200, (0, 0), (5, 5), (9, 0), (0, 9))
    half = cover(real, _cloud(1200, (0, 0), (5, 5), seed=1))
    assert half.precision > 0.9
    assert half.recall == pytest.approx(0.5, abs=0.05)
    wrong = cover(real, _cloud(1200, (0, 0), (5, 5), (9, 0), (0, 9), (40, 40), seed=1))
    assert wrong.precision == pytest.approx(0.8, abs=0.05)
    assert wrong.recall > 0.9


def test_many_rows_are_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = _cloud(300, (0, 0), (1, 0)), _cloud(250, (0, 0), seed=1)
    at_once = cover(real, made)
    monkeypatch.setattr("pressroom.training.measure.neighbours._ROWS_AT_ONCE", 7)
    assert cover(real, made) == at_once


@pytest.mark.parametrize(("real", "made"), [((3, 2), (9, 2)), ((9, 2), (3, 2)), ((9, 2), (9, 3))])
def test_what_cannot_be_compared_is_refused(real: tuple[int, int], made: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"more than 3 rows|cannot be compared"):
        cover(np.zeros(real), np.zeros(made))
