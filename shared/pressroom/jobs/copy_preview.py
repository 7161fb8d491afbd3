"""A template with a row, before anything runs: what stands fast, what is left to be written, and how long that may be.

template + row ──fill──> pieces ──count──> length against the limit of the channel
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pressroom.domain.copy.channels import Channel
from pressroom.domain.copy.filling import Blank, Filled, Piece, margin


@dataclass(frozen=True, slots=True)
class Preview:
    """``length`` is that of the whole text where its gaps are ``written``, else of what stands fast; it and ``most`` are counted as the
    channel counts. ``room``: characters that the gaps together may have."""

    pieces: tuple[Piece, ...]
    written: tuple[str, ...]
    length: int
    most: int
    room: int

    @property
    def gaps(self) -> int:
        return sum(1 for piece in self.pieces if isinstance(piece, Blank))

    @property
    def fits(self) -> bool:
        return self.length <= self.most


def preview(filled: Filled, channel: Channel, locale: str, gaps: Sequence[str] = ()) -> Preview:
    """``gaps`` that are not as many as the text has are left out."""
    blanks = filled.blanks
    written = (
        tuple(_large(*each) for each in zip(blanks, gaps, strict=True)) if len(gaps) == len(blanks) else ()
    )
    text = filled.text(written)
    return Preview(
        filled.pieces,
        written,
        channel.count(text),
        channel.most(text),
        sum(blank.chars - margin(locale) for blank in blanks),
    )


def _large(blank: Blank, written: str) -> str:
    """With a capital where it begins a sentence, as the guide has it."""
    return written[:1].upper() + written[1:] if blank.large else written
