"""Outputs to files: one a picture, or all in one grid."""

import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from PIL import Image

from pressroom.cli.console import counting
from pressroom.cli.stops import Stop
from pressroom.client import Client
from pressroom.contract.jobs import JobView, OutputView

_SUFFIXES = {
    "image/png": ".png",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "text/plain": ".txt",
    "application/json": ".json",
}
_GAP = 2


def fetch_outputs(client: Client, job: JobView) -> list[bytes]:
    """The bytes of every output in order, each checked against its sha256."""
    contents = []
    with counting("Fetching", len(job.outputs)) as bar:
        for output in job.outputs:
            contents.append(client.output(job, output.n))
            bar.one_more()
    return contents


def save_outputs(job: JobView, contents: Sequence[bytes], folder: Path) -> list[Path]:
    """Write ``<folder>/<job>-<n>.<suffix>`` for each output; the paths. Raises Stop."""
    paths = [folder / f"{job.id}-{output.n}{_suffix(output)}" for output in job.outputs]
    for path, content in zip(paths, contents, strict=True):
        write_file(path, content)
    return paths


def save_grid(contents: Sequence[bytes], path: Path) -> Path:
    """Write all pictures into one, row by row, as square as their number allows. Raises Stop."""
    pictures = [_on_paper(Image.open(io.BytesIO(content))) for content in contents]
    columns = next(c for c in range(1, len(pictures) + 1) if c * c >= len(pictures))
    rows = -(-len(pictures) // columns)
    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    size = (columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
    grid = Image.new("L" if all(picture.mode == "L" for picture in pictures) else "RGB", size, "white")
    for n, picture in enumerate(pictures):
        grid.paste(picture, (n % columns * (width + _GAP), n // columns * (height + _GAP)))
    content = io.BytesIO()
    grid.save(content, grid_format(path))
    write_file(path, content.getvalue())
    return path


def _on_paper(picture: Image.Image) -> Image.Image:
    """Without transparency: on white, as the grid is."""
    if not picture.has_transparency_data:
        return picture
    drawn = picture.convert("RGBA")
    paper = Image.new("RGBA", drawn.size, "white")
    paper.alpha_composite(drawn)
    return paper.convert("RGB")


def grid_format(path: Path) -> str:
    """Pillow's name of the format that the suffix means. Raises UsageError."""
    known = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
    try:
        return known[path.suffix.lower()]
    except KeyError:
        raise click.UsageError(f"--grid {path} needs one of the suffixes {', '.join(known)}.") from None


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all, so that a Ctrl-C leaves no half picture. Raises Stop."""
    write_pieces(path, (content,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """As ``write_file``, of what comes piece by piece. Raises Stop."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(pieces)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise Stop(f"{path} cannot be written ({error.strerror or error}). Choose another place.") from error


def _suffix(output: OutputView) -> str:
    return _SUFFIXES.get(output.media_type.partition(";")[0].strip(), ".bin")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
