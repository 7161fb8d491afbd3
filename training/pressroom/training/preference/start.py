"""Begins a run from feedback: its folder gets the weights that it goes on from and the choices that it learns from, whole, and its recipe
names both by their hashes. So it can be broken off, taken up again, and told from any other."""

import os
import shutil
from pathlib import Path

from pressroom.catalog.files import FileMark
from pressroom.training import weights
from pressroom.training.data.errors import DataMissing
from pressroom.training.loop.plan import Plan
from pressroom.training.made import Made, NotMade
from pressroom.training.preference.pairs import FILE, read
from pressroom.training.recipe import PreferenceRecipe, VaeRecipe

BASE = "base.pt"

PLAN = Plan(epochs=20, batch=64, learning_rate=2e-4, warm_up_steps=20)
"""Short, in small steps: the model knows its pictures already."""


def begin(
    base: Path, feedback: Path, folder: Path, plan: Plan, model: str | None = None
) -> tuple[str, PreferenceRecipe]:
    """Prepare ``folder`` for a run that goes on from the one in ``base``; its name and recipe.

    Raises NotMade where nothing that can go on was trained, DataMissing and DataCorrupt for the feedback."""
    made = Made.read(base)
    if not isinstance(made.recipe, VaeRecipe):
        raise NotMade(
            f"{base} is of kind {made.recipe.kind}: only variational autoencoders go on from feedback."
        )
    source = feedback / FILE if feedback.is_dir() else feedback
    try:
        content = source.read_bytes()
    except OSError as error:
        raise DataMissing(f"{source} cannot be read: `pressroom feedback export` writes it.") from error
    read(content, model)  # or nothing is written
    weights.read(base)
    folder.mkdir(parents=True, exist_ok=True)
    _copy(base / weights.FILE, folder / BASE)
    _copy(source, folder / FILE)
    recipe = PreferenceRecipe(
        kind="preference",
        title=f"{made.recipe.title}, and what people chose",
        base=made.recipe,
        base_sha256=FileMark.of(folder / BASE).sha256,
        feedback_sha256=FileMark.of(folder / FILE).sha256,
        model=model,
        plan=plan,
    )
    return f"{made.name}-preferred", recipe


def _copy(source: Path, target: Path) -> None:
    """It appears whole."""
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    os.replace(part, target)
