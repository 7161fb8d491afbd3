"""What a model takes and gives, as Replicate's clients read it: an OpenAPI document with ``Input`` and ``Output``."""

from typing import Any

from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import Kind
from pressroom.contract.params import ImageParams, Params, ReadingParams, TextParams

_TEXT: dict[str, Any] = {
    "prompt": {"type": "string", "title": "Prompt", "description": "What to write about, or to go on with."},
    "system_prompt": {
        "type": "string",
        "title": "System Prompt",
        "description": "What holds of all answers.",
    },
}
_PICTURES: dict[str, Any] = {
    "prompt": {"type": "string", "title": "Prompt", "description": "What an icon shows."},
    "image": {"type": "string", "format": "uri", "title": "Image", "description": "What to work on."},
    "images": {
        "type": "array",
        "items": {"type": "string", "format": "uri"},
        "title": "Images",
        "description": "The two ends of an interpolation.",
    },
    "mask": {
        "type": "string",
        "format": "uri",
        "title": "Mask",
        "description": "What is white in it is painted anew.",
    },
}


_READ: dict[str, Any] = {
    "texts": {
        "type": "array",
        "items": {"type": "string"},
        "title": "Texts",
        "description": "What is read: a row of numbers comes of each.",
    },
}
_OF_KIND: dict[Kind, tuple[type[Params], dict[str, Any]]] = {
    "text": (TextParams, _TEXT),
    "image": (ImageParams, _PICTURES),
    "embedding": (ReadingParams, _READ),
    "moderation": (ReadingParams, _READ),
}


def openapi_schema(manifest: Manifest) -> dict[str, Any]:
    """Params have the model's own defaults."""
    shape, given = _OF_KIND[manifest.kind]
    described = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    properties = {**given, **described["properties"]}
    for name, value in manifest.defaults.items():
        properties[name] = {**properties[name], "default": value}
    ordered = {name: {**said, "x-order": place} for place, (name, said) in enumerate(properties.items())}
    output: dict[str, Any] = (
        {"type": "string"} if manifest.kind == "text" else {"type": "string", "format": "uri"}
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": manifest.title, "version": manifest.version},
        "paths": {},
        "components": {
            "schemas": {
                **described.get("$defs", {}),
                "Input": {"type": "object", "title": "Input", "properties": ordered},
                "Output": {"type": "array", "items": output, "title": "Output"},
            }
        },
    }
