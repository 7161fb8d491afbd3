"""The pictures that show how a training went: loss curves, scatter plots. Drawn without a screen."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

Points = NDArray[np.float64]
_INK, _SECOND = "#1f4e79", "#c55a11"


def curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Each loss of an epoch and, where one of the same meaning was held out, that beside it."""
    names = [name.removeprefix("train_") for name in history[0] if name.startswith("train_")]
    figure, panels = _figure(len(names))
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(panels, names, strict=True):
        axes.plot(epochs, [row[f"train_{name}"] for row in history], color=_INK, label="trained on")
        held_out = "score" if name == "loss" and "loss" not in history[0] else name
        if held_out in history[0]:
            axes.plot(epochs, [row[held_out] for row in history], color=_SECOND, label="held out")
        axes.set(title=name, xlabel="epoch")
        axes.legend(frameon=False)
    _save(figure, path)


def scatter(
    clouds: Mapping[str, Points], means: Sequence[Points], covariances: Sequence[Points], path: Path
) -> None:
    """Points in the plane, and over each cloud the ellipse of two standard deviations that theory draws."""
    figure, (axes,) = _figure(1, height=5.0)
    colours = (_INK, _SECOND)
    for (name, points), mean, covariance, colour in zip(
        clouds.items(), means, covariances, colours, strict=True
    ):
        axes.scatter(points[:, 0], points[:, 1], s=4, alpha=0.25, color=colour, linewidths=0, label=name)
        ring = ellipse(mean, covariance)
        axes.plot(ring[:, 0], ring[:, 1], color=colour, linewidth=1.5)
    axes.set_aspect("equal")
    axes.legend(frameon=False, markerscale=4)
    _save(figure, path)


def word_map(points: Points, words: Sequence[str], path: Path) -> None:
    """(W, 2): each word where it lies."""
    figure, (axes,) = _figure(1, height=5.0)
    figure.set_size_inches(11, 8)
    axes.scatter(points[:, 0], points[:, 1], s=4, color=_SECOND, linewidths=0)
    for (x, y), word in zip(points, words, strict=True):
        axes.annotate(word, (x, y), xytext=(2, 2), textcoords="offset points", fontsize=7, color=_INK)
    axes.set(xticks=[], yticks=[])
    _save(figure, path)


def latent_map(latents: Points, labels: NDArray[np.int64], path: Path) -> None:
    """(N, Z), (N,): each picture on the two directions along which latents differ most, in the colour of its class."""
    centred = latents - latents.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ directions[:2].T  # (N, 2)
    figure, (axes,) = _figure(1, height=5.0)
    for number in np.unique(labels):
        mine = flat[labels == number]
        axes.scatter(mine[:, 0], mine[:, 1], s=5, color=f"C{number}", linewidths=0, label=str(number))
    axes.set(xticks=[], yticks=[])
    axes.legend(frameon=False, markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5))
    _save(figure, path)


def ellipse(mean: Points, covariance: Points, deviations: float = 2.0, corners: int = 200) -> Points:
    """(corners, 2): where the distance from the mean, in standard deviations, is the same in all directions."""
    turn = np.linspace(0, 2 * np.pi, corners)
    variances, directions = np.linalg.eigh(covariance)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)  # (corners, 2)
    return mean + deviations * circle * np.sqrt(np.maximum(variances, 0)) @ directions.T


def _figure(panels: int, height: float = 3.2) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(4.2 * panels + 0.6 if panels > 1 else 5.6, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, panels, number + 1) for number in range(panels)]


def _save(figure: Figure, path: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
