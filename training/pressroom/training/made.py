"""``made.json``: what a run's folder says of itself when it is done.

NotMade    not_made    no recipe was made here to its end
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pressroom.training.recipe import AnyRecipe, RecipeInvalid, parse

FILE = "made.json"


class NotMade(Exception):
    """The folder has nothing that was made."""

    code = "not_made"


@dataclass(frozen=True, slots=True)
class Made:
    """``name``: of the recipe, as `pressroom train` was told. ``metrics`` as they were found then."""

    name: str
    recipe: AnyRecipe
    metrics: Mapping[str, float]

    def write(self, folder: Path) -> None:
        told = {
            "name": self.name,
            "recipe": self.recipe.model_dump(mode="json"),
            "recipe_sha256": self.recipe.digest(),
            "metrics": dict(self.metrics),
        }
        text = json.dumps(told, indent=2, ensure_ascii=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Made":
        """Raises NotMade."""
        try:
            told = json.loads((folder / FILE).read_text(encoding="utf-8"))
            made = cls(str(told["name"]), parse(told["recipe"], FILE), dict(told["metrics"]))
        except OSError as error:
            raise NotMade(
                f"{folder} has no {FILE}: train there first, `pressroom train RECIPE --out {folder}`, to the end."
            ) from error
        except (ValueError, KeyError, TypeError, RecipeInvalid) as error:
            raise NotMade(
                f"{folder / FILE} cannot be read ({error}). Train anew in another folder."
            ) from error
        if told.get("recipe_sha256") != made.recipe.digest():
            raise NotMade(
                f"{folder / FILE} was changed: its recipe has another hash. Train anew in another folder."
            )
        return made
