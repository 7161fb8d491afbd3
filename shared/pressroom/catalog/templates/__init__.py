"""Templates that come with Pressroom: a TOML file each, by name. ``product-title.toml`` is English, ``product-title.zh.toml`` Chinese.

They change with releases; a job has what it was accepted for, text and all.
"""

import tomllib
from functools import cache
from pathlib import Path

from pressroom.contract.copy import TemplateRequest

VERSION = 2
"""Of all of them in this release; a changed text is another number."""

_FOLDER = Path(__file__).parent


@cache
def shipped_templates() -> dict[str, TemplateRequest]:
    """By name."""
    return {
        path.stem: TemplateRequest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(_FOLDER.glob("*.toml"))
    }
