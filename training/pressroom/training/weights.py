"""``weights.pt``: the trained networks of a run's folder, written whole or not at all."""

import os
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from pressroom.training.made import NotMade

FILE = "weights.pt"


def write(weights: dict[str, Any], folder: Path) -> None:
    """Tensors, or dictionaries of them."""
    part = folder / f"{FILE}.part"
    torch.save(weights, part)
    os.replace(part, folder / FILE)


def read(folder: Path, file: str = FILE) -> dict[str, Any]:
    """Raises NotMade. Nothing but tensors is unpickled."""
    try:
        weights: dict[str, Any] = torch.load(folder / file, weights_only=True)
    except OSError as error:
        raise NotMade(f"{folder} has no {file}: train there again, `pressroom train`.") from error
    except (RuntimeError, UnpicklingError, EOFError) as error:
        raise NotMade(
            f"{folder / file} cannot be read, it was cut or changed. Train anew in another folder."
        ) from error
    return weights
