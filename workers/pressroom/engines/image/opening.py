"""Opens a picture model: its files into the studio of its kind, that into the engine."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import ImageTraits, Manifest
from pressroom.engines.base import EngineInfo, EngineUnavailable
from pressroom.engines.image.decoder import Decoder
from pressroom.engines.image.encoder import Encoder
from pressroom.engines.image.engine import GATHER_MS, ImageEngine
from pressroom.engines.image.icons import IconStudio, read_drawings
from pressroom.engines.image.latent_studio import LatentStudio
from pressroom.engines.image.upscaling import UpscaleStudio
from pressroom.engines.sessions import Provider, Session, open_session

MAX_BATCH = 64


def open_image_engine(
    model_dir: Path,
    manifest: Manifest,
    *,
    provider: str = Provider.AUTO,
    allow_cpu_fallback: bool = False,
    threads: int = 1,
    max_batch: int = MAX_BATCH,
    gather_ms: float = GATHER_MS,
) -> ImageEngine:
    """Open the picture model that ``manifest`` describes; its files lie in ``model_dir``.

    :param threads: intra-op threads of each session.
    :param max_batch: most rows of one micro-batch.
    :param gather_ms: how long a lone request waits for company, in milliseconds.
    :raises EngineUnavailable: not a picture model, or its graphs cannot be opened.
    :raises ProviderUnavailable: CUDA was asked for and there is none.
    :raises ModelCorrupt: a file is not what the manifest's hashes say.
    """
    traits = manifest.image
    if traits is None or not {"decoder", "upscaler", "icons"} & traits.files.keys():
        raise EngineUnavailable(
            f"{manifest.name} is no picture model with anything to draw with: see its manifest.json."
        )
    if max_batch < 1:
        raise ValueError(f"max_batch is {max_batch}: it must be 1 or more")
    check_files(model_dir, manifest.marks)

    def opened(role: str) -> Session:
        return open_session(
            model_dir / traits.files[role], provider, threads, allow_cpu_fallback=allow_cpu_fallback
        )

    if "icons" in traits.files:
        drawings = read_drawings(model_dir / traits.files["icons"])
        info = EngineInfo(manifest.name, manifest.version, Provider.CPU.value, slots=max_batch)
        return ImageEngine(IconStudio(drawings, manifest.name, max_batch), info, gather_ms=0)
    if "upscaler" in traits.files:
        session = opened("upscaler")
        upscaler = UpscaleStudio(session, traits, manifest.name)
        info = EngineInfo(manifest.name, manifest.version, session.provider.value, slots=max_batch)
        return ImageEngine(upscaler, info, gather_ms=0)
    session = opened("decoder")
    studio = LatentStudio(
        Decoder(session, latents=traits.latent, labels=max(1, len(traits.labels)), largest=max_batch),
        traits,
        name=manifest.name,
        encoder=Encoder(opened("encoder")) if "encoder" in traits.files else None,
        attributes=_attributes(model_dir, traits),
    )
    info = EngineInfo(manifest.name, manifest.version, session.provider.value, slots=max_batch)
    return ImageEngine(studio, info, gather_ms=gather_ms)


def _attributes(model_dir: Path, traits: ImageTraits) -> dict[str, NDArray[np.float32]]:
    """Raises EngineUnavailable for a file that is not what the traits tell."""
    if "attributes" not in traits.files:
        return {}
    with np.load(model_dir / traits.files["attributes"]) as told:
        found = {name: told[name].astype(np.float32) for name in told.files}
    if set(found) != set(traits.attributes) or any(each.shape != (traits.latent,) for each in found.values()):
        raise EngineUnavailable(
            f"{traits.files['attributes']} has other attributes than the manifest tells: export the model again."
        )
    return found
