"""Draws with our own kernels: all rows in one call, in single precision. See ``kernels/drawing_work.h``."""

import ctypes
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.text.drawing import Draw, Drawer, Drawn
from pressroom.engines.text.drawing_plain import PlainDrawer

# struct drawing: the way, the adjustment's counts, addresses and factors, what is allowed and what is told.
_DRAWING = struct.Struct("=QQQQdffq qqqq QQQQQQ ffff Qq")
_SINGLE, _BITS = np.dtype(np.float32), np.dtype(np.uint32)

# With fewer rows another thread is not worth waking.
_ROWS_A_THREAD = 8


def drawer(library: Path | None, vocab: int, threads: int = 1) -> Drawer:
    """The best for a vocabulary of this size; ``library``: our kernels, where they run."""
    return PlainDrawer() if library is None else KernelDrawer(library, vocab, threads)


class KernelDrawer:
    """Implements ``Drawer``, on ``threads`` threads, of which the caller's is one."""

    def __init__(self, library: Path, vocab: int, threads: int = 1) -> None:
        loaded = ctypes.CDLL(str(library))
        loaded.pressroom_drawing_room.argtypes = [ctypes.c_int64]
        loaded.pressroom_drawing_room.restype = ctypes.c_int64
        self._draw = loaded.pressroom_draw
        self._draw.argtypes = [ctypes.c_char_p, *[ctypes.c_int64] * 3, *[ctypes.c_void_p] * 4]
        self._draw.restype = None
        self._vocab = vocab
        words = loaded.pressroom_drawing_room(vocab) // 8 + 1
        self._rooms = [np.empty(words, np.uint64) for _ in range(threads)]
        self._others = ThreadPoolExecutor(
            max(1, threads - 1), "draws"
        )  # whose threads begin when they are needed

    def draw(self, draws: Sequence[Draw]) -> list[Drawn | None]:
        parts = max(1, min(len(self._rooms), len(draws) // _ROWS_A_THREAD))
        cuts = [len(draws) * part // parts for part in range(parts + 1)]
        shares = [draws[begin:end] for begin, end in pairwise(cuts)]
        others = [
            self._others.submit(self._some, share, room)
            for share, room in zip(shares[1:], self._rooms[1:], strict=False)
        ]
        drawn = self._some(shares[0], self._rooms[0])
        for other in others:
            drawn += other.result()
        return drawn

    def close(self) -> None:
        self._others.shutdown()

    def _some(self, draws: Sequence[Draw], room: NDArray[np.uint64]) -> list[Drawn | None]:
        most = min(self._vocab, max((draw.told or 0 for draw in draws), default=0))
        tokens = np.empty(len(draws), np.int64)
        likeliest = np.empty((len(draws), most), np.int64)
        logprobs = np.empty((len(draws), 1 + most))
        self._draw(  # without the interpreter's lock
            b"".join(map(self._packed, draws)),
            len(draws),
            self._vocab,
            most,
            _address(tokens),
            _address(likeliest),
            _address(logprobs),
            _address(room),
        )
        drawn: list[Drawn | None] = [None if token < 0 else Drawn(token) for token in tokens.tolist()]
        for place, draw in enumerate(draws):
            if draw.told is not None and tokens[place] >= 0:
                ids = [token for token in likeliest[place, : draw.told].tolist() if token >= 0]
                drawn[place] = Drawn(int(tokens[place]), ids, logprobs[place, : 1 + len(ids)].tolist())
        return drawn

    def _packed(self, draw: Draw) -> bytes:
        way, logits, allowed = draw.way, draw.logits, draw.allowed
        # The kernels go by these: another shape would be memory that is not the row's.
        if logits.shape != (self._vocab,) or logits.dtype != _SINGLE:
            raise ValueError(f"logits must be ({self._vocab},) in float32")
        if allowed is not None and (len(allowed) * 32 < self._vocab or allowed.dtype != _BITS):
            raise ValueError("a bit is wanted for every token, 32 in each")
        by = draw.adjustment
        if max(map(len, (by.bias_ids, by.seen_ids, by.said_ids, by.barred_ids))) > self._vocab:
            raise ValueError("there are more ids than tokens")
        return _DRAWING.pack(
            _address(logits),
            way.seed,
            way.output,
            draw.position,
            way.top_p,
            way.temperature,
            way.min_p,
            way.top_k,
            len(by.bias_ids),
            len(by.seen_ids),
            len(by.said_ids),
            len(by.barred_ids),
            _address(by.bias_ids),
            _address(by.seen_ids),
            _address(by.said_ids),
            _address(by.barred_ids),
            _address(by.bias),
            _address(by.times),
            by.repetition,
            by.presence,
            by.frequency,
            0.0,
            0 if allowed is None else _address(allowed),
            -1 if draw.told is None else min(draw.told, self._vocab),
        )


def _address(array: NDArray[Any]) -> int:
    """0 where it is empty."""
    if not array.size:
        return 0
    if not array.flags.c_contiguous:
        raise ValueError("the kernels read arrays that are contiguous")
    address: int = array.__array_interface__["data"][0]  # sooner there than by way of .ctypes
    return address
