"""Many small outputs in one artifact: a disk that flushes, and an object store that answers, are asked once and not a few hundred
times. An output names its piece of it: ``<job>/<attempt>/0.pack:<start>-<end>``, in bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pressroom.domain.errors import OutputUnknown
from pressroom.domain.job import Output

LEAST = 4
"""Fewer outputs lie in files of their own, where people find them."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of an output, to lie at ``path`` of the artifact store."""

    path: str
    data: bytes
    media_type: str


def packed(
    contents: Sequence[Content], outputs: Sequence[Output]
) -> tuple[tuple[Content, ...], tuple[Output, ...]]:
    """The same contents as one, and the outputs that name their pieces of it."""
    if len(contents) < LEAST:
        return tuple(contents), tuple(outputs)
    path = contents[0].path.rpartition("/")[0] + "/0.pack"
    pieces, at = {}, 0
    for content in contents:
        pieces[content.path] = f"{path}:{at}-{at + len(content.data)}"
        at += len(content.data)
    pack = Content(path, b"".join(content.data for content in contents), "application/octet-stream")
    named = tuple(
        output if output.artifact is None else replace(output, artifact=pieces[output.artifact])
        for output in outputs
    )
    return (pack,), named


def piece_of(artifact: str) -> tuple[str, int, int | None]:
    """Path, first byte and the one behind the last; None: to its end. Raises OutputUnknown for what names no piece."""
    path, mark, piece = artifact.partition(":")
    if not mark:
        return path, 0, None
    start, dash, end = piece.partition("-")
    if not (dash and start.isdecimal() and end.isdecimal() and int(start) <= int(end)):
        raise OutputUnknown(f"{artifact!r} names no piece of an artifact.")
    return path, int(start), int(end)
