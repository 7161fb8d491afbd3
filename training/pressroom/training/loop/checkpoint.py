"""Where a run has got to, on disk: whole or not at all, and only for the recipe that it belongs to."""

import os
import pickle
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from pressroom.training.loop.errors import CheckpointCorrupt, CheckpointOfAnother

FILE = "checkpoint.pt"


@dataclass
class Checkpoint:
    """After a whole epoch. ``task`` is a task's state, ``best`` its weights; ``spent_s`` is CPU time."""

    recipe: str
    epoch: int
    step: int
    spent_s: float
    best_score: float
    best_epoch: int
    task: dict[str, Any]
    best: dict[str, Any]
    history: list[dict[str, float]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """In place of the one before."""
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{FILE}.new"
        torch.save(asdict(self), fresh)
        os.replace(fresh, folder / FILE)

    @classmethod
    def read(cls, folder: Path, recipe: str) -> "Checkpoint | None":
        """None if there is none. Raises CheckpointCorrupt and CheckpointOfAnother."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            found = cls(**torch.load(path, weights_only=True))
        except (
            OSError,
            EOFError,
            RuntimeError,
            TypeError,
            pickle.UnpicklingError,
            zipfile.BadZipFile,
        ) as error:
            raise CheckpointCorrupt(
                f"{path} is damaged or no checkpoint ({type(error).__name__}). Remove it to begin anew."
            ) from error
        if found.recipe != recipe:
            raise CheckpointOfAnother(
                f"{path} belongs to another recipe ({found.recipe[:12]}, not {recipe[:12]}). Give another --out, "
                "or remove it to begin anew."
            )
        return found
