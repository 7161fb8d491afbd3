"""Pictures of a feed: the plan's held against their model once, and what each row asks of it.

picture (words or label, colour, n, sheet) + model ──check──> params of all rows ──row──> words, or a class
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pressroom.catalog.manifest import Manifest
from pressroom.contract.feeds import FeedPicture
from pressroom.contract.jobs import JobInput
from pressroom.contract.params import ImageParams
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.asked import resolved_params
from pressroom.jobs.feeds.presets import plain
from pressroom.jobs.operations import check_sizes

ICONS, PAINTER = "icons", "vae-fashion"
_SHOWN = 60
"""Letters of a cell that a message quotes."""


def model_of(picture: FeedPicture) -> str:
    """The one that it names, or that is meant."""
    return picture.model or (ICONS if picture.label is None else PAINTER)


def params_of(picture: FeedPicture) -> dict[str, Any]:
    """What all rows ask of the model alike; what the plan does not say is the model's to say."""
    told = {"operation": "icon" if picture.label is None else "sample", "n": picture.n}
    said = {name: getattr(picture, name) for name in ("colour", "size", "format")}
    told |= {name: value for name, value in said.items() if value is not None}
    return told | ({"sheet": True} if picture.sheet else {})


def check_picture(n: int, picture: FeedPicture, manifest: Manifest) -> None:
    """What every row would be refused for. Raises InputInvalid with the field of output ``n``."""
    where = f"plan.outputs.{n}.picture"
    if manifest.image is None:
        raise InputInvalid(
            f"{manifest.name} makes no pictures; name a picture model.", field=f"{where}.model"
        )
    if picture.label is not None and not manifest.image.labels:
        raise InputInvalid(f"{manifest.name} has no classes; name a model that has.", field=f"{where}.model")
    try:
        params = resolved_params(manifest, params_of(picture))
        assert isinstance(params, ImageParams)
        check_sizes(manifest, params, (), None)
    except InputInvalid as error:
        name = (error.field or "").removeprefix("params.")
        name = name if name in FeedPicture.model_fields else "model"  # who asks for another operation
        raise InputInvalid(error.message, field=f"{where}.{name}") from None


def row_input(
    picture: FeedPicture, classes: Sequence[str], values: Mapping[str, str]
) -> tuple[JobInput, dict[str, Any]]:
    """What a row adds: its words, or its class. Raises InputInvalid, where it has none."""
    if picture.label is not None:
        return JobInput(), {"label": _class(picture.label, classes, values.get(picture.label, ""))}
    columns = picture.words or ()
    words = " ".join(values.get(column, "") for column in columns).strip()
    if not words:
        raise InputInvalid(f"no words to find an icon by: {', '.join(columns)} is empty.")
    return JobInput(prompt=words), {}


def _class(column: str, classes: Sequence[str], value: str) -> str:
    known = {_bare(each): each for each in classes}
    if (named := known.get(_bare(value))) is not None:
        return named
    said = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    what = f"{said!r} in {column} is no class" if value else f"{column} is empty: it names a class"
    raise InputInvalid(f"{what} of the model. It has: {', '.join(classes)}.")


def _bare(name: str) -> str:
    """A class as it is compared: "T-Shirt" is "tshirt"."""
    return plain(name).replace("_", "")
