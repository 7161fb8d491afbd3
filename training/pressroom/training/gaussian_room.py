"""Makes the recipe ``gaussian``: both clouds of points, a plot of them, and how far they are from theory."""

import numpy as np

from pressroom.training import plots
from pressroom.training.gaussian import two_steps
from pressroom.training.recipe import GaussianRecipe
from pressroom.training.run import Run


def make(recipe: GaussianRecipe, run: Run) -> dict[str, float]:
    """``points.csv`` (x, y of the first step, then of the second) and ``scatter.png``; the largest differences of mean
    and covariance from 2μ and 2Σ, in standard errors."""
    mean, covariance = np.array(recipe.mean), np.array(recipe.covariance)
    first, second = two_steps(mean, covariance, recipe.points, recipe.seed)
    header = "first_x,first_y,second_x,second_y"
    np.savetxt(run.folder / "points.csv", np.hstack([first, second]), "%.6f", ",", header=header, comments="")
    plots.scatter(
        {"one step: N(μ, Σ)": first, "two steps: N(2μ, 2Σ)": second},
        [mean, 2 * mean],
        [covariance, 2 * covariance],
        run.folder / "scatter.png",
    )
    found = {
        "mean_errors": _worst(second.mean(0) - 2 * mean, np.sqrt(np.diag(2 * covariance) / recipe.points)),
        "covariance_errors": _worst(
            np.cov(second.T) - 2 * covariance, _errors_of_covariance(2 * covariance, recipe.points)
        ),
    }
    run.say(f"mean {second.mean(0).round(3)}, covariance {np.cov(second.T).round(3).tolist()}")
    return found


def _errors_of_covariance(covariance: np.ndarray, count: int) -> np.ndarray:
    """Standard errors of a sample's covariance: Var(s_ij) = (Σii Σjj + Σij²) / (n - 1) for Gaussians."""
    variances = np.diag(covariance)
    spread: np.ndarray = np.sqrt((np.outer(variances, variances) + covariance**2) / (count - 1))
    return spread


def _worst(difference: np.ndarray, error: np.ndarray) -> float:
    return round(float(np.max(np.abs(difference) / np.maximum(error, 1e-12))), 3)
