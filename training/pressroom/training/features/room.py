"""Makes a recipe of kind ``features``: the classifier of both data sets, as ``feature_net.onnx``.

both training sets, in turn ─> loop ─> feature_net.onnx (parity) ─> what it misses of each test set
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures, Split
from pressroom.training.exporting.onnx_file import export
from pressroom.training.exporting.parity import require_parity
from pressroom.training.features.model import Classifier, graph_of
from pressroom.training.features.task import ClassifierTask
from pressroom.training.fitting import fitted
from pressroom.training.measure.features import SOURCES
from pressroom.training.recipe import FeaturesRecipe
from pressroom.training.run import Run
from pressroom.training.tensors import as_tensors

HELD_OUT = 10_000
_MIRRORED = frozenset({"fashion-mnist"})
"""A mirrored boot is a boot, a mirrored 3 is none."""


def make(recipe: FeaturesRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of both test sets. ``run.data`` has a folder for each set."""
    places = [run.data / source.name if run.data else None for source in SOURCES]
    sets = [idx.load(source, place, say=run.say) for source, place in zip(SOURCES, places, strict=True)]
    return make_from(sets, recipe, run)


def make_from(
    sets: Sequence[Pictures], recipe: FeaturesRecipe, run: Run, *, held_out: int = HELD_OUT
) -> dict[str, float]:
    """The same of pictures for each of ``SOURCES``."""
    torch.manual_seed(recipe.plan.seed)
    classes = [len(source.labels) for source in SOURCES]
    mirrors = torch.tensor([source.name in _MIRRORED for source in SOURCES for _ in source.labels])
    pixels, labels = _joined([each.train for each in sets], classes)
    shuffled = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(recipe.plan.seed))
    network = Classifier(sum(classes))
    task = ClassifierTask(network, pixels[shuffled], labels[shuffled], mirrors, held_out=held_out)
    fitted(task, recipe.plan, recipe.digest(), run)
    graph = graph_of(network)
    path = run.folder / "feature_net.onnx"
    export(graph, path)
    return {**_missed(task, [each.test for each in sets], classes), "parity": require_parity(graph, path)}


def _missed(task: ClassifierTask, tests: Sequence[Split], classes: Sequence[int]) -> Mapping[str, float]:
    found = {}
    for number, (source, test) in enumerate(zip(SOURCES, tests, strict=True)):
        pixels, labels = as_tensors(test)
        found[f"missed_{source.name}"] = round(task.missed(pixels, labels + sum(classes[:number])), 4)
    return found


def _joined(splits: Sequence[Split], classes: Sequence[int]) -> tuple[Tensor, Tensor]:
    """One set after the other; its classes follow those of the set before."""
    parts = [as_tensors(split) for split in splits]
    labels = [part[1] + sum(classes[:number]) for number, part in enumerate(parts)]
    return torch.cat([part[0] for part in parts]), torch.cat(labels)
