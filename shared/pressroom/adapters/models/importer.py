"""Published files of a supported shape as a model of one's own, under a name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pressroom.adapters.models.build import build, check_variant, is_built, known_variant
from pressroom.adapters.models.errors import ModelExists
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.hf_weights import FolderModel
from pressroom.adapters.models.opened import opened_file, opened_folder
from pressroom.adapters.models.publishing import MANIFEST_FILE
from pressroom.adapters.models.pull import locked
from pressroom.adapters.models.recurrent import RecurrentModel
from pressroom.adapters.models.weights import Source
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import Making, Manifest, TextTraits

DEFAULT_CONTEXT = 2048

Gate = Callable[[Path, Source], None]


@dataclass(frozen=True, slots=True)
class _About:
    """What the files say of themselves."""

    sha256: str
    version: str
    title: str
    description: str
    licence: str
    origin: str
    languages: tuple[str, ...]
    made: Making | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


def import_model(
    path: Path,
    name: str,
    models_dir: Path,
    *,
    variant: str = "q8",
    context: int | None = None,
    version: str | None = None,
    licence: str | None = None,
    replace: bool = False,
    gate: Gate,
) -> Manifest:
    """Build ``path``, a GGUF file or a folder as transformers writes it, into ``<models_dir>/<name>``; its manifest.

    ``context`` is the most tokens of prompt and output together (2048, or what the model can if that is less).
    ``gate`` is shown the built folder before it counts, and raises what speaks against it. Importing the same files
    again does nothing; in another variant, it adds that. Raises ``UnsupportedModel``, ``UnknownVariant``,
    ``ModelExists`` (unless ``replace``), ``ModelError`` for a bad path, and what ``gate`` raises.
    """
    known_variant(variant)
    model, about = _opened(path)
    check_variant(model, variant)
    tokens = model.tokenizer()
    longest = min(context or DEFAULT_CONTEXT, model.context)
    manifest = Manifest(
        name=name,
        version=version or about.version,
        kind="text",
        title=about.title,
        description=about.description,
        licence=licence or about.licence,
        origin=about.origin,
        languages=about.languages,
        sha256=about.sha256,
        text=TextTraits(context=longest, chat=tokens.chat_template is not None, variants=(variant,)),
        made=about.made,
        metrics=dict(about.metrics),
    )
    with locked(models_dir, name) as scratch:
        present = models_dir / name / MANIFEST_FILE
        if present.is_file():
            other = Manifest.model_validate_json(present.read_bytes())
            if other.sha256 == manifest.sha256:
                manifest = _with_variants_of(other, manifest)
                if other == manifest and is_built(models_dir, manifest, variant):
                    return manifest
            elif not replace:
                raise ModelExists(
                    f"{name} is the name of other weights. Choose another, or say that it replaces them."
                )
        build(model, manifest, models_dir, variant, scratch, lambda folder: gate(folder, model))
    return manifest


def _with_variants_of(other: Manifest, manifest: Manifest) -> Manifest:
    """Those that are there already go first."""
    assert manifest.text is not None
    before = other.text.variants if other.text is not None else ()
    variants = tuple(dict.fromkeys([*before, *manifest.text.variants]))
    return manifest.model_copy(update={"text": manifest.text.model_copy(update={"variants": variants})})


def _opened(path: Path) -> tuple[Source, _About]:
    if path.is_dir():
        folder = opened_folder(path)
        exported = path / MANIFEST_FILE
        return folder, _of_export(exported) if exported.is_file() else _of_folder(folder)
    gguf = opened_file(path)
    return gguf, _of_gguf(gguf)


# -- a GGUF file --------------------------------------------------------------------------------------


def _of_gguf(model: GgufModel) -> _About:
    said = model.metadata
    makers = [str(said[key]) for key in ("general.organization", "general.author") if said.get(key)]
    named = said.get("general.languages") or []
    return _About(
        sha256=sha256_of(model.path),
        version=str(said.get("general.version", "1")),
        title=str(said.get("general.name", model.path.stem)),
        description=str(said.get("general.description", f"Imported from {model.path.name}.")),
        licence=str(said.get("general.license", "unknown")),
        origin=", ".join([*makers[:1], f"from {model.path.name}"]),
        languages=tuple(map(str, named)) if isinstance(named, list) else (),
    )


# -- a folder -----------------------------------------------------------------------------------------


def _of_folder(model: FolderModel | RecurrentModel) -> _About:
    said = _card(model.path / "README.md")
    title = str(model.config.get("_name_or_path") or model.path.resolve().name)
    return _About(
        sha256=model.sha256(),
        version="1",
        title=title,
        description=f"Imported from the folder {model.path.resolve().name}.",
        licence=next(iter(said.get("license", [])), "unknown"),
        origin=f"from {title}",
        languages=tuple(said.get("language", [])),
    )


def _of_export(path: Path) -> _About:
    told = Manifest.model_validate_json(path.read_bytes())
    return _About(
        sha256=told.sha256,
        version=told.version,
        title=told.title,
        description=told.description,
        licence=told.licence,
        origin=told.origin,
        languages=told.languages,
        made=told.made,
        metrics=told.metrics,
    )


def _card(path: Path) -> dict[str, list[str]]:
    """What a model's card says in front of its text: ``key: value``, or ``key:`` and a list."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    front = re.match(r"---\s*\n(.*?)\n---\s*\n", text, re.DOTALL)
    found: dict[str, list[str]] = {}
    key: Any = None
    for line in front[1].splitlines() if front else ():
        if item := re.fullmatch(r"\s*-\s+(.+?)\s*", line):
            found.setdefault(str(key), []).append(item[1].strip("'\""))
        elif pair := re.fullmatch(r"(\w+):\s*(.*?)\s*", line):
            key = pair[1]
            found[key] = [pair[2].strip("'\"")] if pair[2] else []
    return found
