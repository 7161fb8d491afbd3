"""Reads the JSON files of a published model."""

import json
from pathlib import Path
from typing import Any

from pressroom.adapters.models.errors import UnsupportedModel


def read_json(path: Path, *, needed: bool = True) -> dict[str, Any]:
    """Its object; empty where it is not there and not ``needed``. Raises ``UnsupportedModel``."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not needed:
            return {}
        raise UnsupportedModel(
            f"{path.parent} has no {path.name}. Give a folder with config.json, tokenizer.json and *.safetensors, or "
            "a GGUF file."
        ) from None
    except (OSError, ValueError) as error:
        raise UnsupportedModel(f"{path} cannot be read ({error}). Download it again.") from error
    if not isinstance(value, dict):
        raise UnsupportedModel(f"{path} holds no JSON object. Download it again.")
    return value
