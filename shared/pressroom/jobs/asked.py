"""What a request asks of a model: its params with their defaults, and whether the model reads its input."""

import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pressroom.catalog.guide import GuideInvalid, check_guide
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, Kind
from pressroom.contract.params import MAX_SEED, ImageParams, Params, ReadingParams, TextParams
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.invalid import wrong_fields
from pressroom.jobs.operations import check_given, check_params

_SHAPES: dict[Kind, tuple[type[Params], str]] = {
    "text": (TextParams, "a text model"),
    "image": (ImageParams, "a picture model"),
    "embedding": (ReadingParams, "an embedding model"),
    "moderation": (ReadingParams, "a moderation model"),
}

# The marks that a text begins and ends with.
_MARKS = 2


def resolved_params(manifest: Manifest, given: Mapping[str, Any]) -> Params:
    """All params with the manifest's defaults under the client's, and a seed. Raises InputInvalid."""
    shape, _ = _SHAPES[manifest.kind]
    defaults = dict(manifest.defaults)
    if manifest.image is not None:
        defaults.setdefault("operation", manifest.image.operations[0])
    try:
        params: Params = shape.model_validate({**defaults, **given})
    except ValidationError as error:
        raise _params_invalid(manifest, error) from None
    if isinstance(params, ImageParams):
        check_params(manifest, params, given.keys())
    if isinstance(params, TextParams) and params.guide is not None:
        try:
            check_guide(params.guide)
        except GuideInvalid as error:
            raise InputInvalid(f"params.guide cannot be followed: {error}.", field="params.guide") from None
    if not isinstance(params, ReadingParams) and params.seed is None:
        return params.model_copy(update={"seed": secrets.randbelow(MAX_SEED + 1)})
    return params


def check_input(manifest: Manifest, given: JobInput, params: Params) -> None:
    """Raises InputInvalid unless the input is what this model reads for what it is asked."""
    if isinstance(params, ImageParams):
        check_given(manifest, params, given)
        return
    if isinstance(params, ReadingParams):
        _check_texts(manifest, given)
        return
    if given.pictures is not None or given.mask is not None:
        raise InputInvalid(f"{manifest.name} writes text: it reads no pictures.", field="input")
    if given.texts is not None:
        raise InputInvalid(
            f"{manifest.name} writes text: give input.prompt or input.messages.", field="input.texts"
        )
    if (given.prompt is None) == (given.messages is None):
        raise InputInvalid(
            f"{manifest.name} writes text: give either input.prompt or input.messages.", field="input"
        )
    if given.prompt is not None and not given.prompt.strip():
        raise InputInvalid("The prompt is empty; say what to write.", field="input.prompt")
    if given.messages is None:
        return
    if manifest.text is not None and not manifest.text.chat:
        raise InputInvalid(
            f"{manifest.name} has no chat format; give input.prompt instead.", field="input.messages"
        )
    if given.messages[-1].role != "user":
        raise InputInvalid(
            "The last message must have the role `user`.",
            field=f"input.messages.{len(given.messages) - 1}.role",
        )
    if not given.messages[-1].content.strip():
        raise InputInvalid(
            "The last message is empty; say what to write.",
            field=f"input.messages.{len(given.messages) - 1}.content",
        )


def most_read(manifest: Manifest, given: JobInput) -> int:
    """The most tokens that a model reads of ``input.texts``: each stands for a character at least."""
    most = manifest.reading.context if manifest.reading is not None else 0
    return sum(min(most, len(text) + _MARKS) for text in given.texts or ())


def _check_texts(manifest: Manifest, given: JobInput) -> None:
    said = given.model_dump(exclude={"texts"}, exclude_none=True)
    if said or given.texts is None:
        wrong = next(iter(said), "texts")
        raise InputInvalid(
            f"{manifest.name} reads texts: give input.texts and nothing else.", field=f"input.{wrong}"
        )
    for n, text in enumerate(given.texts):
        if not text.strip():
            raise InputInvalid(
                "This text is empty; say something, or leave it out.", field=f"input.texts.{n}"
            )


def _params_invalid(manifest: Manifest, error: ValidationError) -> InputInvalid:
    problems = wrong_fields(error, "params")
    field, message = problems[0]
    _, shape = _SHAPES[manifest.kind]
    return InputInvalid(f"{field}: {message} ({manifest.name} is {shape}).", field=field, errors=problems)
