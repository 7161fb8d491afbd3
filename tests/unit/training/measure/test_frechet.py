"""The distance of two Gaussians, against what is known of it."""

import numpy as np
import pytest

from pressroom.training.measure.frechet import Cloud, distance


def _gaussian(mean: list[float], covariance: list[list[float]]) -> Cloud:
    return Cloud(np.array(mean), np.array(covariance), 100)


def test_the_same_is_no_distance_and_a_shift_is_its_square() -> None:
    one = _gaussian([1, 2], [[2, 0.5], [0.5, 1]])
    assert distance(one, one) == pytest.approx(0, abs=1e-12)
    assert distance(one, _gaussian([4, -2], [[2, 0.5], [0.5, 1]])) == pytest.approx(25)


def test_spreads_by_hand() -> None:
    # Of one number: (μ₁ - μ₂)² + (σ₁ - σ₂)².
    assert distance(_gaussian([0], [[9]]), _gaussian([2], [[1]])) == pytest.approx(4 + 4)
    # Covariances that share their directions: the sum of those over the directions.
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    one, two = (turn @ np.diag(variances) @ turn.T for variances in ([4.0, 9.0], [1.0, 25.0]))
    assert distance(_gaussian([0, 0], one.tolist()), _gaussian([0, 0], two.tolist())) == pytest.approx(1 + 4)


def test_it_does_not_matter_who_is_first_and_flat_clouds_are_fine() -> None:
    dice = np.random.default_rng(0)
    one = Cloud.of(dice.normal(size=(50, 4)) @ np.diag([1.0, 2.0, 0.0, 0.5]))
    two = Cloud.of(dice.normal(size=(3, 4)))  # of fewer rows than numbers
    assert distance(one, two) == pytest.approx(distance(two, one))
    assert distance(one, two) > 0.1


def test_two_samples_of_one_cloud_have_a_floor_that_falls_with_their_number() -> None:
    dice = np.random.default_rng(0)
    floors = []
    for count in (200, 2000):
        samples = dice.normal(size=(2, count, 16))
        floors.append(distance(Cloud.of(samples[0]), Cloud.of(samples[1])))
    assert floors[0] > 5 * floors[1] > 0


@pytest.mark.parametrize("shape", [(1, 3), (0, 3), (4,)])
def test_what_is_no_cloud_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="two rows"):
        Cloud.of(np.zeros(shape))


def test_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        distance(_gaussian([0], [[1]]), _gaussian([0, 0], [[1, 0], [0, 1]]))
