"""What the folders of published models have in common: JSON files, and one hash for several files."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.catalog.files import sha256_of


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


def sha256_of_files(files: Iterable[Path]) -> str:
    """Of their names and what each hashes to, in that order."""
    lines = "".join(f"{sha256_of(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()
