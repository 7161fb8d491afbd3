"""The decoder's session with its key/value cache bound in place, on the CPU or on CUDA.

The cache of a layer is one buffer ``(slots, KV, T, width)`` (see ``CacheForm``). A call runs on neighbouring slots, given
by an address: a prefill on one slot, a decode on slots 0..B-1. The graph writes new keys and values
into the same buffer, so nothing is copied but when a row moves to another slot.
"""

import contextlib
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.text_spec import TextSpec
from pressroom.engines.sessions import Provider, Session, array_on, open_session

# Rows times tokens of a step that looks ahead: it costs little more than a step of one row.
MOST_AHEAD = 4


class _Memory(Protocol):
    """Where the cache lies."""

    def address(self, buffer: int, slot: int) -> int: ...
    def copy(self, source: int, target: int, tokens: int) -> None: ...
    def release(self, slot: int, since: int = 0) -> None: ...
    def read(self, slot: int, start: int, end: int) -> NDArray[Any]: ...
    def write(self, slot: int, start: int, values: NDArray[Any]) -> None: ...


class Decoder:
    """Implements ``State``: ``slots`` rows of at most ``slot_tokens`` positions each."""

    def __init__(self, session: Session, spec: TextSpec, slots: int, slot_tokens: int) -> None:
        self._session = session
        self._spec = spec
        form = cache_form(session)
        self._dtype = form.dtype
        self._row_shape = (spec.kv_heads, slot_tokens, form.width)
        buffers = 2 * spec.layers
        shape = (slots, *self._row_shape)
        self._memory: _Memory = (
            _CudaMemory(buffers, shape, self._dtype)
            if session.provider is Provider.CUDA
            else _HostMemory(buffers, shape, self._dtype)
        )
        self._names = [f"{part}.{layer}" for layer in range(spec.layers) for part in ("keys", "values")]
        self._binding = session.io_binding()
        self._bound: tuple[int, int] | None = None
        self._logits = np.empty((max(slots, MOST_AHEAD), spec.vocab), np.float32)
        self._alive: list[NDArray[Any]] = []

    def prefill(self, slot: int, tokens: Sequence[int], start: int) -> NDArray[np.float32]:
        """Write ``tokens`` at positions ``start``.. of ``slot``; the logits (V,) after the last one.

        The array is overwritten by the next call.
        """
        ids = np.array([tokens], np.int64)
        lengths = np.array([start + len(tokens)], np.int32)
        last = np.full((1, 1), len(tokens) - 1, np.int64)
        logits: NDArray[np.float32] = self._run(slot, ids, lengths, last)[0, 0]
        return logits

    def decode(self, tokens: NDArray[np.int64], lengths: NDArray[np.int32]) -> NDArray[np.float32]:
        """Tokens (B, S) for slots 0..B-1; ``lengths`` (B,) count them all. Logits (B, S, V), after each of them.

        S is 1, or with ``can_look_ahead`` as many as make ``MOST_AHEAD`` with all rows. The array is overwritten by
        the next call.
        """
        rows, steps = tokens.shape
        return self._run(0, tokens, lengths, np.tile(np.arange(steps, dtype=np.int64), (rows, 1)))

    @property
    def can_look_ahead(self) -> bool:
        """Whether several tokens of several rows can be decoded at once, and to the last bit as one by one."""
        return self._session.own_operators

    @property
    def can_go_back(self) -> bool:
        return True

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Copy the first ``tokens`` positions of a slot to another slot; what lay behind them there is let go."""
        if source != target:
            self._memory.copy(source, target, tokens)
            self._memory.release(target, tokens)

    def release(self, slot: int) -> None:
        """Nobody needs what lies in the slot: its memory goes back to the system, as far as that is possible."""
        self._memory.release(slot)

    @property
    def can_keep(self) -> bool:
        """Whether positions can be ``read`` and written back: not yet on a GPU."""
        return self._session.provider is not Provider.CUDA

    def read(self, slot: int, start: int, end: int) -> NDArray[Any]:
        """A copy of keys and values of positions ``start..end``, (2 x layers, KV, end - start, width)."""
        return self._memory.read(slot, start, end)

    def write(self, slot: int, start: int, values: NDArray[Any]) -> None:
        """Put what was read back, into any slot, at the same positions."""
        self._memory.write(slot, start, values)

    def close(self) -> None:
        """Let go of the session and the cache."""
        del self._binding, self._memory, self._session

    def _run(
        self,
        slot: int,
        ids: NDArray[np.int64],
        lengths: NDArray[np.int32],
        positions: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        rows, wanted = positions.shape
        logits = self._logits[: rows * wanted].reshape(rows, wanted, -1)
        inputs: dict[str, NDArray[Any]] = {
            "tokens": np.ascontiguousarray(ids),
            "positions": positions,
            "lengths": np.ascontiguousarray(lengths - 1),
            "longest": np.array(lengths.max(), np.int32),
        }
        for name, value in inputs.items():
            self._binding.bind_input(name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)
        self._alive = list(inputs.values())  # bound by address: they must outlive the run
        self._binding.bind_output("logits", "cpu", 0, np.float32, logits.shape, logits.ctypes.data)
        self._bind_cache(slot, rows)
        self._session.run_bound(self._binding)
        return logits

    def _bind_cache(self, slot: int, rows: int) -> None:
        if self._bound == (slot, rows):
            return
        self._bound = (slot, rows)
        device = self._session.provider.value
        shape = (rows, *self._row_shape)
        for buffer, name in enumerate(self._names):
            at = self._memory.address(buffer, slot)
            self._binding.bind_input(name, device, 0, self._dtype, shape, at)
            self._binding.bind_output(f"{name}.new", device, 0, self._dtype, shape, at)


@dataclass(frozen=True, slots=True)
class CacheForm:
    """How a head's key or value lies in the cache at one position: ``width`` numbers. Single or half precision, or whole
    numbers of one byte with the four bytes of their scale behind them."""

    dtype: type[np.generic]
    width: int

    @property
    def bytes(self) -> int:
        return self.width * np.dtype(self.dtype).itemsize


_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
}


def cache_form(session: Session) -> CacheForm:
    """As the graph of a decoder says."""
    keys = next(node for node in session.raw.get_inputs() if node.name == "keys.0")
    return CacheForm(_DTYPES[keys.type], int(keys.shape[3]))


class _HostMemory:
    """Buffers of untouched zero pages: they cost memory only as far as tokens were written."""

    def __init__(self, buffers: int, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        self._pages: list[mmap.mmap] = []
        self._buffers: list[NDArray[Any]] = []
        for _ in range(buffers):
            pages, array = _untouched(shape, dtype)
            self._pages.append(pages)
            self._buffers.append(array)

    def address(self, buffer: int, slot: int) -> int:
        array = self._buffers[buffer]
        return int(array.ctypes.data) + slot * array.strides[0]

    def copy(self, source: int, target: int, tokens: int) -> None:
        for array in self._buffers:
            array[target, :, :tokens] = array[source, :, :tokens]

    def release(self, slot: int, since: int = 0) -> None:
        """Give back the slot's pages that hold only positions from ``since`` on."""
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        row, head, position = (int(stride) for stride in self._buffers[0].strides[:3])
        spans = [(slot * row, (slot + 1) * row)]
        if since:  # each head has a part of its own
            heads = range(slot * row, (slot + 1) * row, head)
            spans = [(begin + since * position, begin + head) for begin in heads]
        for begin, end in spans:
            start = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE
            size = end // mmap.PAGESIZE * mmap.PAGESIZE - start
            if size > 0:
                for pages in self._pages:
                    pages.madvise(mmap.MADV_DONTNEED, start, size)

    def read(self, slot: int, start: int, end: int) -> NDArray[Any]:
        return np.stack([array[slot, :, start:end] for array in self._buffers])

    def write(self, slot: int, start: int, values: NDArray[Any]) -> None:
        end = start + values.shape[2]
        for array, part in zip(self._buffers, values, strict=True):
            array[slot, :, start:end] = part


def _untouched(shape: tuple[int, ...], dtype: type[np.generic]) -> tuple[mmap.mmap, NDArray[Any]]:
    """Pages, and an array of zeros on them takes memory page by page as it is written.

    numpy asks for huge pages; with those a row of a few tokens would take the memory of a full one.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    # Shared pages, which are the default, could not be given back.
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without huge pages refuses the advice
            memory.madvise(mmap.MADV_NOHUGEPAGE)
    return memory, np.frombuffer(memory, dtype).reshape(shape)


class _CudaMemory:
    """Buffers on the GPU. Whole rows are copied there by a graph of one Identity node."""

    def __init__(self, buffers: int, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        self._row_shape, self._dtype = shape[1:], dtype
        self._buffers = [array_on(Provider.CUDA, shape, dtype) for _ in range(buffers)]
        self._row_bytes = int(np.prod(self._row_shape)) * np.dtype(dtype).itemsize
        self._copier = open_session(_identity(dtype, len(self._row_shape)), Provider.CUDA)

    def address(self, buffer: int, slot: int) -> int:
        return int(self._buffers[buffer].data_ptr()) + slot * self._row_bytes

    def copy(self, source: int, target: int, tokens: int) -> None:
        for buffer in range(len(self._buffers)):
            binding = self._copier.io_binding()
            ends = (("bind_input", "source", source), ("bind_output", "target", target))
            for bind, name, slot in ends:
                at = self.address(buffer, slot)
                getattr(binding, bind)(name, Provider.CUDA.value, 0, self._dtype, self._row_shape, at)
            self._copier.run_bound(binding)

    def release(self, slot: int, since: int = 0) -> None:
        """A GPU's memory is taken whole at the start, and stays so."""

    def read(self, slot: int, start: int, end: int) -> NDArray[Any]:
        raise NotImplementedError("positions on a GPU are not read back; ask can_keep before")

    def write(self, slot: int, start: int, values: NDArray[Any]) -> None:
        raise NotImplementedError("positions on a GPU are not written; ask can_keep before")


def _identity(dtype: type[np.generic], rank: int) -> bytes:
    from onnx import helper  # only here: a worker on the CPU need not load it

    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shape: list[str] = [f"d{axis}" for axis in range(rank)]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["source"], ["target"])],
        "copy",
        [helper.make_tensor_value_info("source", kind, shape)],
        [helper.make_tensor_value_info("target", kind, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())
