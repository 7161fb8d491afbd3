"""What was chosen over what, as `pressroom feedback export` writes it: a line of JSON a choice. Pictures are not in it: their seed is,
and the model makes them again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pressroom.engines.image.latents import drawn_label, latent
from pressroom.training.data.errors import DataCorrupt, DataMissing
from pressroom.training.vae.model import Vae

FILE = "preferences.jsonl"
_HELD_OUT = 5
"""One job in so many is only asked about."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that somebody saw: number ``n`` of a job with this seed and these params."""

    seed: int
    n: int
    label: str | None
    guidance: float
    truncation: float


@dataclass(frozen=True, slots=True)
class Pair:
    """``chosen`` over ``other``, of one job."""

    job: str
    chosen: Shown
    other: Shown

    @property
    def held_out(self) -> bool:
        """By its job, so that no picture of a pair that is asked about was learnt from."""
        return int(hashlib.sha256(self.job.encode()).hexdigest(), 16) % _HELD_OUT == 0


@dataclass(frozen=True, slots=True)
class Sides:
    """Pairs as pictures: (N, H, W) float32 in [0, 1] each, and their classes (N,)."""

    chosen: Tensor
    other: Tensor
    chosen_label: Tensor
    other_label: Tensor

    def __len__(self) -> int:
        return len(self.chosen)


def read(content: bytes, model: str | None = None) -> list[Pair]:
    """Pairs of samples. ``model``: NAME or NAME@VERSION of those that count; None where all are of one model.

    Raises DataCorrupt for what is no such file, DataMissing where it has no pairs of the model."""
    rows = [_row(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]
    rows = [row for row in rows if row["params"].get("operation", "sample") == "sample"]
    names = sorted({f"{row['model']['name']}@{row['model']['version']}" for row in rows})
    if model is not None:
        names = [name for name in names if model in (name, name.partition("@")[0])]
    if len(names) > 1:
        raise DataMissing(f"{FILE} is about several models ({', '.join(names)}): say which with --model.")
    pairs = [
        pair
        for row in rows
        if f"{row['model']['name']}@{row['model']['version']}" in names
        for pair in _pairs(row)
    ]
    if not pairs:
        asked = f" made by {model}" if model else ""
        raise DataMissing(f"{FILE} has no choice among pictures{asked}: post feedback with `chosen` first.")
    return pairs


@torch.no_grad()
def shown_again(network: Vae, pairs: Sequence[Pair], labels: Sequence[str]) -> Sides:
    """The pictures as they were seen, to the grey level. Raises DataCorrupt for a class that the network does not know."""
    network.eval()
    chosen, chosen_label = _pictures(network, [pair.chosen for pair in pairs], labels)
    other, other_label = _pictures(network, [pair.other for pair in pairs], labels)
    return Sides(chosen, other, chosen_label, other_label)


def _pictures(network: Vae, shown: Sequence[Shown], labels: Sequence[str]) -> tuple[Tensor, Tensor]:
    size, classes = network.config.latent, network.config.classes
    try:
        label = [
            0
            if not classes
            else drawn_label(each.seed, each.n, classes)
            if each.label is None
            else labels.index(each.label)
            for each in shown
        ]
    except ValueError as error:
        raise DataCorrupt(f"{FILE} names a class that the model does not have ({error}).") from error
    asked = torch.tensor(label)
    z = torch.stack([torch.from_numpy(latent(each.seed, each.n, size)) * each.truncation for each in shown])
    guidance = torch.tensor([each.guidance for each in shown])
    pixels = torch.cat(
        [
            network.guided(*part)
            for part in zip(z.split(1000), asked.split(1000), guidance.split(1000), strict=True)
        ]
    )
    return (pixels * 255).round() / 255, asked


def _row(number: int, line: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
        _ = row["job"], row["model"]["name"], row["model"]["version"], row["chosen"]["n"], row["seed"]
        _ = [other["n"] for other in row["rejected"]], row["params"]["n"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataCorrupt(
            f"Line {number} of {FILE} is no choice ({error!r}): export the feedback again."
        ) from error
    checked: Mapping[str, Any] = row
    return checked


def _pairs(row: Mapping[str, Any]) -> list[Pair]:
    """The chosen one over each other one."""
    params = row["params"]

    def shown(n: int) -> Shown:
        return Shown(
            seed=int(row["seed"]),
            n=int(n),
            label=params.get("label"),
            guidance=float(params.get("guidance", 1.0)),
            truncation=float(params.get("truncation", 1.0)),
        )

    chosen = shown(row["chosen"]["n"])
    return [Pair(str(row["job"]), chosen, shown(other["n"])) for other in row["rejected"]]
