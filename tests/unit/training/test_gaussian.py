"""Two steps of a Gaussian: mean 2μ, covariance 2Σ. The article's own way goes red here."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.training.gaussian import draw, two_steps

Points = NDArray[np.float64]
MEAN, COVARIANCE = np.array([1.0, 2.0]), np.array([[1.0, 0.6], [0.6, 0.8]])
COUNT = 40_000


def _is_as_theory_says(points: Points, mean: Points, covariance: Points) -> bool:
    """Within five standard errors; of a covariance's entries: Var(s_ij) = (Σii Σjj + Σij²) / n."""
    variances = np.diag(covariance)
    of_mean = np.abs(points.mean(0) - mean) / np.sqrt(variances / len(points))
    spread = np.sqrt((np.outer(variances, variances) + covariance**2) / len(points))
    of_covariance = np.abs(np.cov(points.T) - covariance) / spread
    return bool(of_mean.max() < 5 and of_covariance.max() < 5)


@pytest.mark.parametrize("seed", range(3))
def test_means_and_covariances_add_up(seed: int) -> None:
    first, second = two_steps(MEAN, COVARIANCE, COUNT, seed)
    assert _is_as_theory_says(first, MEAN, COVARIANCE)
    assert _is_as_theory_says(second, 2 * MEAN, 2 * COVARIANCE)
    assert _is_as_theory_says(second - first, MEAN, COVARIANCE)


def test_the_second_step_begins_where_the_first_ended() -> None:
    first, second = two_steps(MEAN, COVARIANCE, COUNT, 1)
    together = np.corrcoef(first[:, 0], second[:, 0])[0, 1]
    assert together == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_the_article_s_way_is_another_distribution() -> None:
    """It takes the matrix for the standard deviation of each coordinate."""
    dice = np.random.default_rng(0)
    scale = np.diag(COVARIANCE)
    article = dice.normal(MEAN, scale, (COUNT, 2)) + dice.normal(MEAN, scale, (COUNT, 2))
    assert not _is_as_theory_says(article, 2 * MEAN, 2 * COVARIANCE)


def test_a_covariance_may_be_flat_in_a_direction() -> None:
    points = draw(np.zeros(2), np.array([[1.0, 1.0], [1.0, 1.0]]), 1000, np.random.default_rng(0))
    np.testing.assert_allclose(points[:, 0], points[:, 1], atol=1e-7)
    assert not draw(np.ones(2), np.zeros((2, 2)), 5, np.random.default_rng(0)).std()


def test_a_seed_repeats() -> None:
    assert np.array_equal(two_steps(MEAN, COVARIANCE, 9, 4)[1], two_steps(MEAN, COVARIANCE, 9, 4)[1])
    assert not np.array_equal(two_steps(MEAN, COVARIANCE, 9, 4)[1], two_steps(MEAN, COVARIANCE, 9, 5)[1])
