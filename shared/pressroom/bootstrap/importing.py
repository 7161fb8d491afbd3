"""Wires the import of models: the builder, and the engine that holds what was built against its original."""

from pathlib import Path

from pressroom.adapters.models import importer
from pressroom.adapters.models.errors import ParityFailed
from pressroom.adapters.models.original import likeliest, places
from pressroom.adapters.models.weights import Source
from pressroom.bootstrap.verifying import Say, install_model
from pressroom.bootstrap.worker import text_threads
from pressroom.catalog.catalog import Catalog
from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.parity import LIMITS, Golden, Likely, Parity, parity_file, read_parity
from pressroom.catalog.shelf import read_manifest
from pressroom.engines.base import EngineUnavailable
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.parity import distance, golden, kernels_of, logits_after
from pressroom.settings import Settings


def import_model(
    path: Path,
    name: str,
    settings: Settings,
    say: Say,
    *,
    variant: str = "q8",
    context: int | None = None,
    licence: str | None = None,
    replace: bool = False,
) -> Path:
    """Make a model named ``name`` from a GGUF file or a folder; its folder. One whose graph is too far from its
    original is refused, and nothing of it stays. Raises ModelError of every kind, and EngineUnavailable."""

    def gate(folder: Path, model: Source) -> None:
        say(f"{variant}: built; what it says is held against its weights in float32")
        _check_new(folder, model, variant, settings, say)

    manifest = importer.import_model(
        path,
        name,
        settings.models,
        variant=variant,
        context=context,
        licence=licence,
        replace=replace,
        gate=gate,
    )
    return settings.models / manifest.name


def take_in(folder: Path, settings: Settings, say: Say) -> Path:
    """A model that `pressroom export` has made, text or pictures; where it lies then. Raises ModelCorrupt, RouteInvalid,
    ModelError of every kind, and EngineUnavailable."""
    manifest = read_manifest(folder)
    if manifest.text is None:
        return install_model(folder, settings, say).folder
    check_files(folder, manifest.marks)
    say(f"{len(manifest.files)} files are what their hashes say")
    return import_model(
        folder,
        manifest.name,
        settings,
        say,
        variant=manifest.text.variants[0],
        context=manifest.text.context,
    )


def check_model(name: str, variant: str | None, settings: Settings, say: Say) -> None:
    """Hold an imported model against its original again, with the kernels and the runtime of today.

    ``variant`` None: all that were imported. Raises ModelUnknown, ModelCorrupt, ParityFailed, EngineUnavailable."""
    manifest = Catalog.load(settings.zoo_dir, settings.models).find(name)
    folder = settings.models / manifest.name
    there = manifest.text.variants if manifest.text else ()
    for each in [variant] if variant else there:
        record = read_parity(folder, each)
        distances = _distances(folder, manifest, each, record.tokens, record.after, record.expected, settings)
        _refuse_if_far(manifest, each, distances, say)
        written = _golden(folder, each, settings)
        same = sum(one == other for one, other in zip(written, record.golden, strict=True))
        say(f"{each}: {same} of {len(record.golden)} golden texts are as they were")


def _check_new(folder: Path, model: Source, variant: str, settings: Settings, say: Say) -> None:
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    tokens, after = places(model)
    expected = likeliest(model, tokens, after)
    distances = _distances(folder, manifest, variant, tokens, after, expected, settings)
    _refuse_if_far(manifest, variant, distances, say)
    record = Parity(
        tokens=tokens,
        after=after,
        expected=expected,
        distance=distances,
        golden=_golden(folder, variant, settings),
    )
    (folder / parity_file(variant)).write_text(record.model_dump_json(indent=1), encoding="utf-8")


def _distances(
    folder: Path,
    manifest: Manifest,
    variant: str,
    tokens: tuple[int, ...],
    after: tuple[int, ...],
    expected: tuple[Likely, ...],
    settings: Settings,
) -> dict[str, float]:
    found, why = {}, ""
    for own in kernels_of(folder, variant):
        try:
            whose, logits = logits_after(
                folder, manifest, variant, tokens, after, threads=text_threads(settings), kernels=own
            )
        except EngineUnavailable as error:
            why = str(error)  # i8 without our kernels and without VNNI: nobody will run that graph here
            continue
        found[whose] = round(distance(expected, logits), 5)
    if not found:
        raise EngineUnavailable(why)
    return found


def _refuse_if_far(manifest: Manifest, variant: str, distances: dict[str, float], say: Say) -> None:
    limit = LIMITS[variant]
    for whose, away in distances.items():
        if not away <= limit:
            raise ParityFailed(
                f"{manifest.name} as {variant!r} is not what its weights say: with {whose}'s kernels, log-probabilities "
                f"are off by {away:.3f} nats on the mean, and {limit} is the most. Try another variant (fp32 is the "
                "nearest), and report the model if that is far, too."
            )
        say(
            f"{variant}: {away:.4f} nats from its weights in float32, with {whose}'s kernels (at most {limit})"
        )


def _golden(folder: Path, variant: str, settings: Settings) -> tuple[Golden, ...]:
    engine = open_text_engine(
        folder,
        variant=variant,
        provider="cpu",
        threads=text_threads(settings),
        kernels=settings.text_kernels,
        slots=1,
        slot_tokens=64,
        prefix_bytes=0,
    )
    try:
        return golden(engine)
    finally:
        engine.close()
