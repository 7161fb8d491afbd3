"""Makes a recipe of kind ``drawings``: two sets of icons as one file, and how well their own words find them.

packages ─> drawings ─> icons.json.gz ─> found again by the words of their names, samples.png
"""

import gzip
import json
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pressroom.engines.image.icons import Drawing, Index, coloured
from pressroom.training.data import drawings as data
from pressroom.training.data.icons import Icon, draw
from pressroom.training.recipe import DrawingsRecipe
from pressroom.training.run import Run
from pressroom.training.sheets import sheet

FILE = "icons.json.gz"
SHOWN = (
    "delivery van", "shopping cart", "gift", "discount", "running shoe", "t-shirt", "coffee cup", "leaf",
    "camera", "headphones", "sofa", "watch", "heart", "star", "mail", "secure payment",
)  # fmt: skip
"""What a shop may ask for; the first that is found stands in the sheet."""

_SIDE, _COLUMNS = 96, 8


def make(recipe: DrawingsRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; how many there are, and which share is found first by its own name."""
    return make_from(data.load(run.data, say=run.say), run)


def make_from(drawings: Sequence[Drawing], run: Run) -> dict[str, float]:
    """The same of any drawings."""
    told = [{"name": each.name, "words": each.words, "svg": each.svg} for each in drawings]
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    part = run.folder / f"{FILE}.part"
    # Without a time in its head, so that the same drawings are the same bytes.
    part.write_bytes(gzip.compress(text.encode(), mtime=0))
    part.replace(run.folder / FILE)
    index = Index(drawings)
    found = [index.find(words, 1) for words in SHOWN]
    pictures = [_drawn(drawings[places[0]]) for places in found if places]
    sheet(torch.stack(pictures), run.folder / "samples.png", _COLUMNS)
    tried = range(0, len(drawings), max(1, len(drawings) // 300))
    again = [n in index.find(drawings[n].name.partition(":")[2], 5) for n in tried]
    return {"drawings": float(len(drawings)), "found_by_name": round(float(np.mean(again)), 3)}


def _drawn(drawing: Drawing) -> Tensor:
    """(3, side, side) in [0, 1], dark on white."""
    icon = Icon("", drawing.name, coloured(drawing.svg, "#1a1a1a"))
    return torch.tensor(draw(icon, _SIDE)).float() / 255
