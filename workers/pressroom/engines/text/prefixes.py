"""What prompts begin with, kept: keys and values of a beginning that comes again are copied, not computed.

    prompt   │ system message: voice, template, examples │ this row's own words │
    pieces   │ 64 │ 64 │ 128 │ 256 │ …                   │ …                      (see ``cuts``)

A piece is known by its tokens and by all that lies before it, so what two prompts share up to a cut is
kept once. Since both would have been filled in the very same chunks, what is copied is to the last bit
what would have been computed. Nothing is shared across scopes: whether a prompt is quick must not tell a
tenant what another has asked.

A piece is kept when it is computed for the second time. Prompts that nobody repeats cost no memory.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The first cuts lie closer: the beginning that is shared may be short.
_FIRST = (64, 128)
# A cut costs a run of the graph, so one that saves less is none.
_LEAST_BEFORE, _LEAST_BEHIND = 64, 16
_SEEN_ONCE = 20_000


def cuts(prompt: Sequence[int], chunk: int, ends: Set[int] = frozenset()) -> list[int]:
    """Where a prompt is cut, and its end: at most ``chunk`` positions apart, by its tokens alone.

    One cut is behind the first message, which ends with the first of ``ends``: that is what the rows of a
    feed have in common."""
    length = len(prompt)
    found = {length, *(cut for cut in _FIRST if cut < min(chunk, length)), *range(chunk, length, chunk)}
    first = next((at for at, token in enumerate(prompt, start=1) if token in ends), 0)
    if _LEAST_BEFORE <= first <= length - _LEAST_BEHIND:
        found.add(first)
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Piece:
    """Positions ``start..end`` of a prompt; ``name`` stands for its tokens and all before them."""

    start: int
    end: int
    name: bytes


def pieces(prompt: Sequence[int], cuts: Sequence[int], scope: str) -> Iterator[Piece]:
    """The pieces of a prompt that is cut there, in order; but not the last, which is this prompt's alone."""
    tokens = np.asarray(prompt, np.int32)
    name, start = scope.encode(), 0
    for end in cuts[:-1]:
        name = blake2b(tokens[start:end].tobytes(), digest_size=16, key=blake2b(name).digest()).digest()
        yield Piece(start, end, name)
        start = end


class PrefixCache:
    """Keys and values of pieces, ``most_bytes`` of them in all; what was not used for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        """0 bytes keep nothing."""
        self._most = most_bytes
        self._kept: OrderedDict[bytes, NDArray[Any]] = OrderedDict()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def beginning(self, found: Sequence[Piece]) -> list[tuple[Piece, NDArray[Any]]]:
        """The longest beginning of these pieces that is kept, with what is kept of each."""
        hits = []
        for piece in found:
            values = self._kept.get(piece.name)
            if values is None:
                break
            hits.append((piece, values))
        # From the last to the first: a piece is of no use without those before it, so they go later.
        for piece, _ in reversed(hits):
            self._kept.move_to_end(piece.name)
        return hits

    def wants(self, piece: Piece) -> bool:
        """Whether a piece that was just computed should be kept: it was seen before, and is not there."""
        if self._most <= 0 or piece.name in self._kept:
            return False
        if piece.name in self._seen:
            return True
        self._seen[piece.name] = None
        if len(self._seen) > _SEEN_ONCE:
            self._seen.popitem(last=False)
        return False

    def keep(self, piece: Piece, values: NDArray[Any]) -> None:
        """Make room, and keep it. What is larger than all the room there is, is not kept."""
        if values.nbytes > self._most:
            return
        self._seen.pop(piece.name, None)
        self._kept[piece.name] = values
        self.bytes += values.nbytes
        while self.bytes > self._most:
            _, dropped = self._kept.popitem(last=False)
            self.bytes -= dropped.nbytes

    def clear(self) -> None:
        self._kept.clear()
        self._seen.clear()
        self.bytes = 0
