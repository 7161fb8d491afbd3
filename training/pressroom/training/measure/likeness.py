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


class Yardstick:
    """The real pictures that ``samples`` made ones are held against: as much of the test set, and of the training set for
    the floor. Seen once, however many are measured by it. There are never more made ones than the test set has: what Fréchet
    distances are above zero for few pictures would not be that of the floor."""

    def __init__(self, pictures: Pictures, source: Source, samples: int = SAMPLES) -> None:
        samples = min(samples, len(pictures.test))
        self._samples, self._source = samples, source
        self._net = FeatureNet()
        self._real = self._net.see(_pixels(pictures.test, samples)).features
        self._cloud = Cloud.of(self._real)
        others = self._net.see(_pixels(pictures.train, samples)).features
        self._floor = distance(Cloud.of(others), self._cloud)

    def measure(self, model: PictureModel, *, guidance: float = 1.0, seed: int = 0) -> Likeness:
        """As many pictures of each class."""
        asked = torch.arange(self._samples) % max(1, model.classes)
        made = model.sample(asked, guidance=guidance, seed=seed)
        return self.compare(made, asked if model.classes else None)

    def compare(self, made: Tensor, asked: Tensor | None) -> Likeness:
        """The same of pictures (N, 28, 28) that are there already, and the classes (N,) that they are to have."""
        found = self._net.see(made)
        classes = self._net.classes(found, self._source)
        covered = cover(self._real[:COVERED], found.features[:COVERED])
        return Likeness(
            samples=len(made),
            distance=distance(Cloud.of(found.features), self._cloud),
            floor=self._floor,
            precision=covered.precision,
            recall=covered.recall,
            class_accuracy=None if asked is None else float((classes == asked.numpy()).mean()),
            least_class=min(float((classes == number).mean()) for number in range(len(self._source.labels))),
        )


def _pixels(split: Split, count: int) -> Tensor:
    return as_tensors(split)[0][:count]
