"""How like the real pictures a network's are, told in numbers.

network ─> 10,000 samples, classes in turn ─> features ─┬─> Fréchet distance, beside its floor
test set ────────────────────────────────> features ─┘    precision, recall, classes found
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pressroom.training.data.idx import Pictures, Source, Split
from pressroom.training.measure.features import FeatureNet
from pressroom.training.measure.frechet import Cloud, distance
from pressroom.training.measure.neighbours import cover
from pressroom.training.pictures import PictureModel
from pressroom.training.tensors import as_tensors

SAMPLES = 10_000
COVERED = 5_000
"""Pictures of each kind for precision and recall, whose cost grows with the square."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Distances are squared, as FID tells them. ``class_accuracy``: how often the judge finds the class that was asked for;
    None where none can be. ``least_class``: the share of the class that comes least often."""

    samples: int
    distance: float
    floor: float
    precision: float
    recall: float
    class_accuracy: float | None
    least_class: float

    def as_dict(self) -> dict[str, float]:
        """Rounded, under the names of the manifest."""
        asked = {} if self.class_accuracy is None else {"class_accuracy": round(self.class_accuracy, 4)}
        return {
            "frechet_distance": round(self.distance, 4),
            "frechet_floor": round(self.floor, 4),
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            **asked,
            "least_class_share": round(self.least_class, 4),
            "samples": float(self.samples),
        }


def likeness(
    model: PictureModel,
    pictures: Pictures,
    source: Source,
    *,
    guidance: float = 1.0,
    seed: int = 0,
    samples: int = SAMPLES,
) -> Likeness:
    """Of ``samples`` pictures, as many of each class, against as much of the test set, and of the training set for the floor."""
    asked = torch.arange(samples) % max(1, model.classes)
    made = model.sample(asked, guidance=guidance, seed=seed)
    return compared(made, asked if model.classes else None, pictures, source)


def compared(made: Tensor, asked: Tensor | None, pictures: Pictures, source: Source) -> Likeness:
    """The same of pictures (N, 28, 28) that are there already, and the classes (N,) that they are to have."""
    net = FeatureNet()
    found = net.see(made)
    real = net.see(_pixels(pictures.test, len(made)))
    other = net.see(_pixels(pictures.train, len(made)))
    classes = net.classes(found, source)
    covered = cover(real.features[:COVERED], found.features[:COVERED])
    cloud = Cloud.of(real.features)
    return Likeness(
        samples=len(made),
        distance=distance(Cloud.of(found.features), cloud),
        floor=distance(Cloud.of(other.features), cloud),
        precision=covered.precision,
        recall=covered.recall,
        class_accuracy=None if asked is None else float((classes == asked.numpy()).mean()),
        least_class=min(float((classes == number).mean()) for number in range(len(source.labels))),
    )


def judge_accuracy(pictures: Pictures, source: Source) -> float:
    """How often the judge is right about real pictures: no network's class accuracy can be told more finely."""
    pixels, labels = as_tensors(pictures.test)
    net = FeatureNet()
    return float((net.classes(net.see(pixels), source) == labels.numpy()).mean())


def _pixels(split: Split, count: int) -> Tensor:
    return as_tensors(split)[0][:count]
