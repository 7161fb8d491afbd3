"""The only place that imports onnxruntime: opens sessions on a chosen execution provider.

    provider  auto  CUDA where it is offered and really opens, else the CPU
              cpu   the CPU
              cuda  CUDA, or ProviderUnavailable (the CPU only with ``allow_cpu_fallback``)

onnxruntime falls back to the CPU without an error when the CUDA provider cannot be loaded, so a
session is asked afterwards which providers it got.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from pressroom.engines.base import EngineUnavailable, ProviderUnavailable

_CPU = "CPUExecutionProvider"
_CUDA = "CUDAExecutionProvider"
_ERRORS_ONLY = 3


class Provider(StrEnum):
    """What an operator may ask for."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, slots=True)
class Session:
    """An opened model. ``provider`` is what it got: ``cpu`` or ``cuda``. ``own_operators``: not only onnxruntime's."""

    raw: Any
    provider: Provider
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    own_operators: bool = False

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """All outputs, in the graph's order; arrays are copied to and from the device."""
        result: list[NDArray[Any]] = self.raw.run(None, dict(feeds))
        return result

    def io_binding(self) -> Any:
        """A fresh ``onnxruntime.IOBinding`` of this session."""
        return self.raw.io_binding()

    def run_bound(self, binding: Any) -> None:
        """Run on bound inputs and outputs, and wait until the outputs are written."""
        self.raw.run_with_iobinding(binding)
        if self.provider is Provider.CUDA:
            binding.synchronize_outputs()


def open_session(
    model: Path | bytes,
    provider: str = Provider.AUTO,
    threads: int = 1,
    *,
    allow_cpu_fallback: bool = False,
    spinning: bool = False,
    arena: bool = True,
    operators: Path | None = None,
) -> Session:
    """Open ``model`` (a file, or a serialised graph).

    ``threads`` is the number of intra-op threads. ``spinning`` lets idle pool threads burn a core
    while they wait for the next node: faster alone, slower beside other busy threads. ``arena``
    lets onnxruntime keep freed CPU buffers for the next run. ``operators`` is a library of operators that the
    graph uses beside onnxruntime's own.

    Raises ``ProviderUnavailable`` when CUDA was asked for and cannot be had, and
    ``EngineUnavailable`` when the model itself cannot be opened.
    """
    wanted = Provider(provider)
    options = _options(threads, spinning=spinning, arena=arena)
    if operators is not None:
        options.register_custom_ops_library(str(operators))
    if wanted is not Provider.CPU:
        session, why = _try_cuda(model, options)
        if session is not None:
            return session
        if wanted is Provider.CUDA and not allow_cpu_fallback:
            raise ProviderUnavailable(
                f"CUDA was asked for, but {why}. Install the extra worker-gpu on a machine with an NVIDIA GPU "
                "and its driver, or set PRESSROOM_PROVIDER to cpu or auto, or allow the CPU with "
                "PRESSROOM_CPU_FALLBACK=true."
            )
    return replace(_open(model, options, [_CPU], Provider.CPU), own_operators=operators is not None)


def offers_cuda() -> bool:
    """Whether this onnxruntime was built with CUDA; whether a GPU is there shows when one opens."""
    return _CUDA in ort.get_available_providers()


def array_on(provider: Provider, shape: Sequence[int], dtype: type[np.generic]) -> Any:
    """An ``OrtValue`` of zeros in the provider's memory (device 0)."""
    return ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, dtype), provider.value, 0)


def _options(threads: int, *, spinning: bool, arena: bool) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.enable_cpu_mem_arena = arena
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
    return options


def _try_cuda(model: Path | bytes, options: Any) -> tuple[Session | None, str]:
    """A session that really runs on CUDA, or None and why not."""
    if not offers_cuda():
        return None, "this onnxruntime was built without it"
    with contextlib.suppress(Exception):
        # Finds the CUDA and cuDNN libraries that came as packages; without them the system's are tried.
        ort.preload_dlls()
    try:
        session = _open(model, options, [_CUDA, _CPU], Provider.CUDA)
    except EngineUnavailable as error:
        return None, f"it could not be opened ({error})"
    if _CUDA not in session.raw.get_providers():
        return None, "onnxruntime could not load it (no GPU, no driver, or a missing CUDA or cuDNN library)"
    return session, ""


def _open(model: Path | bytes, options: Any, providers: list[str], got: Provider) -> Session:
    source = model if isinstance(model, bytes) else str(model)
    try:
        raw = ort.InferenceSession(source, options, providers=providers)
    except Exception as error:  # onnxruntime's own classes share no public base
        name = "the graph" if isinstance(model, bytes) else str(model)
        raise EngineUnavailable(
            f"{name} cannot be opened: {error}. Pull or import the model again, and see that the file is readable."
        ) from error
    return Session(
        raw=raw,
        provider=got,
        inputs=tuple(node.name for node in raw.get_inputs()),
        outputs=tuple(node.name for node in raw.get_outputs()),
    )
