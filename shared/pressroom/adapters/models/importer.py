"""Any GGUF file of a supported architecture as a model of one's own, under a name."""

from pathlib import Path
from typing import Any

from pressroom.adapters.models.build import MANIFEST_FILE, build, is_built, known_variant
from pressroom.adapters.models.errors import ModelError, ModelExists
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.pull import locked
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import Manifest, TextTraits

DEFAULT_CONTEXT = 2048


def import_gguf(
    path: Path,
    name: str,
    models_dir: Path,
    *,
    variant: str = "q8",
    context: int | None = None,
    version: str | None = None,
    licence: str | None = None,
    replace: bool = False,
) -> Manifest:
    """Build ``path`` into ``<models_dir>/<name>``; its manifest is written there and returned.

    ``context`` is the most tokens of prompt and output together (2048, or what the model can if
    that is less). Importing the same file again does nothing. Raises ``UnsupportedModel``,
    ``UnknownVariant``, ``ModelExists`` (unless ``replace``), and ``ModelError`` for a bad path.
    """
    known_variant(variant)
    if not path.is_file():
        raise ModelError(f"There is no file {path}. Give the path of a .gguf file.")
    model = GgufModel(path)
    about = model.metadata
    longest = min(context or DEFAULT_CONTEXT, model.geometry.context)
    manifest = Manifest(
        name=name,
        version=version or str(about.get("general.version", "1")),
        kind="text",
        title=str(about.get("general.name", name)),
        description=str(about.get("general.description", f"Imported from {path.name}.")),
        licence=licence or str(about.get("general.license", "unknown")),
        origin=_origin(about, path),
        languages=_languages(about),
        sha256=sha256_of(path),
        text=TextTraits(context=longest, chat="tokenizer.chat_template" in about, variants=(variant,)),
    )
    with locked(models_dir, name) as scratch:
        present = models_dir / name / MANIFEST_FILE
        if present.is_file() and not replace:
            other = Manifest.model_validate_json(present.read_bytes())
            if other.sha256 != manifest.sha256:
                raise ModelExists(
                    f"{name} is the name of other weights. Choose another, or say that it replaces them."
                )
            if other == manifest and is_built(models_dir, manifest, variant):
                return manifest
        build(model, manifest, models_dir, variant, scratch)
    return manifest


def _origin(about: dict[str, Any], path: Path) -> str:
    makers = [str(about[key]) for key in ("general.organization", "general.author") if about.get(key)]
    return ", ".join([*makers[:1], f"from {path.name}"])


def _languages(about: dict[str, Any]) -> tuple[str, ...]:
    named = about.get("general.languages") or []
    return tuple(str(language) for language in named) if isinstance(named, list) else ()
