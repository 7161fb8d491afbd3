"""Opens a model that reads: its files into the reader of its kind, that into the engine."""

from pathlib import Path

from pressroom.catalog.files import READER_BUILT, check_files, read_marker
from pressroom.catalog.manifest import Manifest
from pressroom.engines.base import EngineInfo, EngineUnavailable
from pressroom.engines.reading.engine import ReadingEngine
from pressroom.engines.reading.readers import Embedder, Moderator, Reader
from pressroom.engines.sessions import Provider, open_session

# So many generations may be inside; they take turns.
SLOTS = 32


def open_embedder(model_dir: Path, manifest: Manifest, *, threads: int = 1) -> Embedder:
    """An embedding model by itself, on the CPU. Raises EngineUnavailable, ModelCorrupt."""
    traits = manifest.reading
    if traits is None or not traits.dimensions:
        raise EngineUnavailable(f"{manifest.name} makes no embeddings: see its manifest.json.")
    check_files(model_dir, read_marker(model_dir / READER_BUILT).files)
    session = open_session(model_dir / traits.files["reader"], Provider.CPU, threads)
    return Embedder(session, model_dir / traits.files["tokenizer"], traits.context)


def open_reading_engine(
    model_dir: Path,
    manifest: Manifest,
    *,
    provider: str = Provider.AUTO,
    allow_cpu_fallback: bool = False,
    threads: int = 1,
) -> ReadingEngine:
    """Open the model that ``manifest`` describes; its files lie in ``model_dir``, shipped or built there.

    :raises EngineUnavailable: not a model that reads, or its graph cannot be opened.
    :raises ProviderUnavailable: CUDA was asked for and there is none.
    :raises ModelCorrupt: a file is not what its hash says, or the model is not built.
    """
    traits = manifest.reading
    if traits is None:
        raise EngineUnavailable(f"{manifest.name} reads nothing: see its manifest.json.")
    built = manifest.source is not None
    check_files(model_dir, read_marker(model_dir / READER_BUILT).files if built else manifest.marks)
    session = open_session(
        model_dir / traits.files["reader"], provider, threads, allow_cpu_fallback=allow_cpu_fallback
    )
    reader: Reader
    if traits.dimensions:
        reader = Embedder(session, model_dir / traits.files["tokenizer"], traits.context)
    else:
        reader = Moderator(session, model_dir / traits.files["words"], traits.context)
    info = EngineInfo(manifest.name, manifest.version, session.provider.value, slots=SLOTS)
    return ReadingEngine(reader, info, width=traits.width, context=traits.context)
