"""Which weight format goes on which device, and the session of it.

CUDA's attention kernel takes half precision only, and the 8-bit kernels are the CPU's. So ``fp16``
goes on CUDA and every other variant on the CPU; on the wrong device a model would run, but with its
cache carried to and fro at every step. On the CPU our own kernels are used where they are there.
"""

from dataclasses import dataclass
from pathlib import Path

from pressroom.catalog.choice import read_choice
from pressroom.catalog.files import check_files, read_marker
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.text_spec import built_file, graph_file
from pressroom.engines.base import EngineUnavailable, ProviderUnavailable
from pressroom.engines.integer_sums import sums_exactly
from pressroom.engines.kernels.library import kernels
from pressroom.engines.sessions import Provider, Session, offers_cuda, open_session

GPU_VARIANT = "fp16"
INTEGER_VARIANT = "i8"


@dataclass(frozen=True, slots=True)
class Request:
    """What an operator asked for; ``variant`` None leaves the choice to the device."""

    variant: str | None
    provider: Provider
    allow_cpu_fallback: bool
    threads: int
    spinning: bool
    kernels: bool = True


def open_variant(folder: Path, manifest: Manifest, request: Request) -> tuple[str, Session]:
    """The variant that was opened and its session.

    Raises ``EngineUnavailable``, ``ProviderUnavailable``, ``ModelCorrupt``."""
    on_cpu = request.variant or _usual(folder, manifest)
    if request.provider is Provider.CPU:
        return _open(folder, manifest, on_cpu, Provider.CPU, request)
    if request.variant not in (None, GPU_VARIANT):
        if request.provider is Provider.CUDA:
            raise EngineUnavailable(
                f"The variant {request.variant!r} runs on the CPU only. Use {GPU_VARIANT!r}, or leave the variant open."
            )
        return _open(folder, manifest, on_cpu, Provider.CPU, request)
    wanted = request.provider is Provider.CUDA
    if not wanted and not (folder / built_file(GPU_VARIANT)).is_file():
        return _open(folder, manifest, on_cpu, Provider.CPU, request)
    try:
        return _open(folder, manifest, GPU_VARIANT, Provider.CUDA, request)
    except ProviderUnavailable:
        if wanted and not request.allow_cpu_fallback:
            raise
        return _open(folder, manifest, on_cpu, Provider.CPU, request)


def _usual(folder: Path, manifest: Manifest) -> str:
    """What this host has chosen, else the manifest's first."""
    if (choice := read_choice(folder)) is not None:
        return choice.variant
    return manifest.text.variants[0] if manifest.text else "q8"


def _open(
    folder: Path, manifest: Manifest, variant: str, provider: Provider, request: Request
) -> tuple[str, Session]:
    own = kernels() if request.kernels and provider is Provider.CPU else None
    if own is not None and not (folder / graph_file(variant, kernels=True)).is_file():
        own = None
    # Without CUDA the session says so itself: to who has no GPU, a file that is not there says nothing.
    if provider is Provider.CPU or offers_cuda():
        _check(folder, manifest, variant, own_products=own is not None)
    graph = folder / graph_file(variant, kernels=own is not None)
    return variant, open_session(graph, provider, request.threads, spinning=request.spinning, operators=own)


def _check(folder: Path, manifest: Manifest, variant: str, *, own_products: bool) -> None:
    if not (folder / built_file(variant)).is_file():
        raise EngineUnavailable(
            f"{manifest.name} is not built as {variant!r}. "
            f"Run `pressroom models pull {manifest.name} --variant {variant}`, or import its file in that variant."
        )
    if variant == INTEGER_VARIANT and not own_products and not sums_exactly():
        raise EngineUnavailable(
            f"The variant {variant!r} needs exact sums of 8-bit products: our own kernels, or a processor with VNNI. "
            "Install a C compiler and run `pip install` again, or use 'q8'."
        )
    check_files(folder, read_marker(folder / built_file(variant)).files)
