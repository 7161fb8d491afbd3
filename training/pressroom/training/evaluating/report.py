"""The page of an evaluation: one HTML file beside the pictures that it shows."""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pressroom.training.evaluating.found import Found, Picture
from pressroom.training.recipe import AnyRecipe

PAGE, NUMBERS = "report.html", "evaluation.json"
_CURVES = (("Training", "curves.png"), ("Training of the first stage", "first/curves.png"))


def write(recipe: AnyRecipe, found: Found, folder: Path) -> Path:
    """``report.html`` and ``evaluation.json``; the page's path."""
    told = {"recipe_sha256": recipe.digest(), "metrics": dict(found.metrics)}
    (folder / NUMBERS).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    loader = PackageLoader("pressroom.training.evaluating", "pages")
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(PAGE)
    curves = [Picture(title, file) for title, file in _CURVES if (folder / file).is_file()]
    text = page.render(
        title=recipe.title,
        digest=recipe.digest(),
        said=json.dumps(recipe.model_dump(mode="json", exclude={"title"}), indent=2),
        metrics=found.metrics,
        tables=found.tables,
        texts=found.texts,
        pictures=[*found.pictures, *curves],
    )
    (folder / PAGE).write_text(text, encoding="utf-8")
    return folder / PAGE
