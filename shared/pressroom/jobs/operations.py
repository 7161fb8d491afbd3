"""What a picture model is asked to do, held against what it can: operation, parameters, pictures and their sizes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pressroom.catalog.manifest import ImageTraits, Manifest
from pressroom.contract.jobs import JobInput
from pressroom.contract.params import ImageParams
from pressroom.contract.pictures import ICON_SIDE, MOST_PIXELS, MOST_PIXELS_GIVEN, Operation
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.uploads import Upload


@dataclass(frozen=True, slots=True)
class _Needs:
    """``params`` that are this operation's own; so many ``pictures``, a ``mask``, ``words``; ``single``: it makes one."""

    params: frozenset[str]
    pictures: int = 0
    mask: bool = False
    words: bool = False
    single: bool = False


_COMMON = frozenset({"operation", "n", "seed", "format", "sheet"})
_NEEDS: Mapping[Operation, _Needs] = {
    "sample": _Needs(frozenset({"label", "guidance", "truncation", "scale"})),
    "reconstruct": _Needs(frozenset({"label", "scale"}), pictures=1, single=True),
    "variation": _Needs(frozenset({"label", "strength"}), pictures=1),
    "interpolate": _Needs(frozenset({"label", "scale"}), pictures=2),
    "edit": _Needs(frozenset({"label", "strength", "attribute"}), pictures=1),
    "inpaint": _Needs(frozenset({"label"}), pictures=1, mask=True),
    "upscale": _Needs(frozenset(), pictures=1, single=True),
    "icon": _Needs(frozenset({"colour", "size"}), words=True),
}
_COUNTS = {0: "no pictures", 1: "one picture", 2: "two pictures"}


def check_params(manifest: Manifest, params: ImageParams, asked: Collection[str]) -> None:
    """``asked``: names of the parameters that the client gave itself. Raises InputInvalid."""
    traits, operation = _traits(manifest), params.operation
    if operation not in traits.operations:
        raise InputInvalid(
            f"{manifest.name} offers {', '.join(traits.operations)}; {operation} is what other models do.",
            field="params.operation",
        )
    needs = _NEEDS[operation]
    for name in sorted(set(asked) - needs.params - _COMMON):
        raise InputInvalid(
            f"{operation} does not look at {name}: leave it out, or name another operation.",
            field=f"params.{name}",
        )
    if params.label is not None and params.label not in traits.labels:
        raise InputInvalid(
            f"{manifest.name} has no such label. It has: {', '.join(traits.labels) or 'none at all'}.",
            field="params.label",
        )
    if operation == "edit" and params.attribute not in traits.attributes:
        raise InputInvalid(
            f"Say which attribute there shall be more or less of: {', '.join(traits.attributes)}.",
            field="params.attribute",
        )
    if operation == "variation" and not 0 <= params.strength <= 1:
        raise InputInvalid(
            "The strength of a variation is a number from 0, the original itself, to 1.",
            field="params.strength",
        )
    if operation == "interpolate" and params.n < 2:
        raise InputInvalid("A way from one picture to another has n = 2 pictures or more.", field="params.n")
    if needs.single and params.n > 1:
        raise InputInvalid(f"{operation} makes one picture: leave n out.", field="params.n")
    if params.format == "svg" and (operation != "icon" or params.sheet):
        raise InputInvalid("Only single icons are drawings: use png or webp.", field="params.format")


def check_given(manifest: Manifest, params: ImageParams, given: JobInput) -> None:
    """Raises InputInvalid unless the input has what the operation works on, and nothing else."""
    operation, needs = params.operation, _NEEDS[params.operation]
    if given.messages is not None:
        raise InputInvalid(
            f"{manifest.name} makes pictures, it does not talk: leave messages out.", field="input.messages"
        )
    if given.texts is not None:
        raise InputInvalid(
            f"{manifest.name} makes pictures, it reads no texts: leave them out.", field="input.texts"
        )
    if needs.words and not (given.prompt or "").strip():
        raise InputInvalid(
            "Say in input.prompt what the icon shows, e.g. a delivery van.", field="input.prompt"
        )
    if not needs.words and given.prompt is not None:
        instead = " params.label says what is drawn." if operation == "sample" else ""
        raise InputInvalid(
            f"{operation} does not read a prompt: leave it out.{instead}", field="input.prompt"
        )
    if len(given.pictures or ()) != needs.pictures:
        raise InputInvalid(
            f"{operation} takes {_COUNTS[needs.pictures]} in input.pictures.", field="input.pictures"
        )
    if (given.mask is not None) != needs.mask:
        hint = "needs a mask, white where it paints anew" if needs.mask else "takes no mask: leave it out"
        raise InputInvalid(f"{operation} {hint}.", field="input.mask")


def check_sizes(
    manifest: Manifest, params: ImageParams, pictures: Sequence[Upload], mask: Upload | None
) -> None:
    """Raises InputInvalid for pictures that are too large to work on, or that make outputs which are, all together."""
    for n, picture in enumerate(pictures):
        if picture.width * picture.height > MOST_PIXELS_GIVEN:
            raise InputInvalid(
                f"The picture is {picture.width} × {picture.height}; at most {MOST_PIXELS_GIVEN:,} pixels are worked on. "
                "Send it smaller.",
                field=f"input.pictures.{n}",
            )
    if mask is not None and (mask.width, mask.height) != (pictures[0].width, pictures[0].height):
        raise InputInvalid(
            f"The mask is {mask.width} × {mask.height} and the picture {pictures[0].width} × {pictures[0].height}: "
            "they must be of one size.",
            field="input.mask",
        )
    if made_pixels(_traits(manifest), params, pictures) > MOST_PIXELS:
        raise InputInvalid(
            f"All outputs together may have {MOST_PIXELS:,} pixels: ask for fewer, or for smaller ones.",
            field="params.n",
        )


def made_pixels(traits: ImageTraits, params: ImageParams, pictures: Sequence[Upload]) -> int:
    """Of all outputs together."""
    match params.operation:
        case "icon":
            each = (params.size or ICON_SIDE) ** 2
        case "upscale":
            each = pictures[0].width * pictures[0].height * traits.times**2
        case "variation" | "edit" | "inpaint":
            each = pictures[0].width * pictures[0].height
        case _:
            each = traits.width * traits.height * params.scale**2
    return params.n * each


def _traits(manifest: Manifest) -> ImageTraits:
    assert manifest.image is not None
    return manifest.image
