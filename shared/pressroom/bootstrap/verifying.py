"""Wires the verification of models: files against their hashes, graphs against the outputs that travel with them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pressroom.bootstrap.versions import open_shelf
from pressroom.catalog.catalog import Catalog, Kept
from pressroom.catalog.files import READER_BUILT, FileMark, check_files, read_marker
from pressroom.catalog.manifest import Manifest
from pressroom.domain.errors import ModelCorrupt
from pressroom.engines import golden
from pressroom.settings import Settings

Say = Callable[[str], None]

# Of a difference, relative to values of size 1: runtimes and machines sum in other orders; lighter weights say other things
# than the network, within what the export's gate has allowed.
_FAR = {"fp32": 1e-4, "fp16": 0.02, "int8": 0.2}


def verify_model(asked: str, settings: Settings, say: Say) -> None:
    """Check a model of this machine, by name or name and version. Raises ModelUnknown, ModelCorrupt, EngineUnavailable."""
    kept = Catalog.load(settings.zoo_dir, settings.models).kept(asked)
    if kept.manifest.kind == "text":
        _verify_text(kept, say)
    else:
        files = marks_of(kept)
        check_files(kept.folder, files)
        say(f"{len(files)} files are what their hashes say")
        verify_golden(kept.manifest, kept.folder, say)


def install_model(folder: Path, settings: Settings, say: Say) -> Kept:
    """Take in a model that `pressroom export` has made. Raises ModelCorrupt, RouteInvalid, EngineUnavailable."""
    with open_shelf(settings) as shelf:
        return shelf.take_in(folder, lambda manifest, draft: verify_golden(manifest, draft, say))


def verify_golden(manifest: Manifest, folder: Path, say: Say) -> None:
    """Raises ModelCorrupt where a graph is not the network that was trained, or nothing tells."""
    traits = manifest.image or manifest.reading
    if traits is not None and not traits.graphs:
        say("it has no graphs to be held against anything")
        return
    if traits is None or not (folder / golden.FILE).is_file():
        raise ModelCorrupt(f"{manifest.name} has no golden outputs to be held against: export it again.")
    weights = manifest.made.weights if manifest.made is not None else "fp32"
    found, most = golden.largest_difference(folder, traits.graphs), _FAR[weights]
    if not found <= most:
        raise ModelCorrupt(
            f"{manifest.name} {manifest.version} is {found:.1e} from its golden outputs; {most:.0e} is allowed. Do not use it."
        )
    say(f"its graphs are within {found:.1e} of the golden outputs ({most:.0e} is allowed)")


def marks_of(kept: Kept) -> Mapping[str, FileMark]:
    """Of all files of a model that is not text: what is shipped, or what was built here. Raises ModelCorrupt."""
    built = kept.folder / READER_BUILT
    if kept.manifest.source is None:
        return kept.manifest.marks
    if not built.is_file():
        raise ModelCorrupt(
            f"{kept.manifest.name} is not built on this machine: `pressroom models pull {kept.manifest.name}` fetches it."
        )
    return read_marker(built).files


def _verify_text(kept: Kept, say: Say) -> None:
    markers = sorted(kept.folder.glob("*.built.json"))
    if not markers:
        raise ModelCorrupt(f"{kept.manifest.name} is not built on this machine: pull or import it.")
    for marker in markers:
        built = read_marker(marker)
        check_files(kept.folder, built.files)
        say(f"{marker.name.removesuffix('.built.json')}: {len(built.files)} files are what their hashes say")
