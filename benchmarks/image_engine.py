"""Pictures a second: the image engine with batches of 1, 8, 32 and 64, beside plain torch.

    python benchmarks/image_engine.py [--seconds 2]

Three rates, each in one thread:

    engine    whole requests, from admit to outcome: keyed latents, decoder, grey values, bookkeeping
    decoder   the engine's decoder alone, on ready latents, with the padding that keeps pictures exact
    torch     the same network and guidance in torch (where it is installed), on ready latents

``decoder`` beside ``torch`` compares the runtimes; ``engine`` is what a worker gets.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from record import record

from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams
from pressroom.engines.base import ImageGeneration, Key
from pressroom.engines.image.decoder import Decoder
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.opening import open_image_engine
from pressroom.engines.sessions import Provider, open_session

MODEL = Path(__file__).parents[1] / "model_zoo" / "vae-fashion"
BATCHES = (1, 8, 32, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each figure")
    seconds = parser.parse_args().seconds
    manifest = Manifest.model_validate_json((MODEL / "manifest.json").read_text(encoding="utf-8"))
    engine = open_image_engine(MODEL, manifest, provider="cpu", threads=1, gather_ms=0)
    engine.warm_up()
    contestants: dict[str, Callable[[int], None]] = {
        "engine": lambda batch: _engine_round(engine, batch),
        "decoder": _decoder_round(manifest),
    }
    torch_round = _torch_round()
    if torch_round is not None:
        contestants["torch"] = torch_round
    figures: dict[str, object] = {"threads": 1, "batch_sizes": list(engine.batch_sizes)}
    for batch in BATCHES:
        for name, draw in contestants.items():
            rate = _rate(draw, batch, seconds)
            figures[f"{name}_pictures_per_s_batch_{batch}"] = round(rate)
            print(f"{name:7} batch {batch:3}: {rate:8.0f} pictures/s")
    record("image_engine", figures)


def _rate(draw: Callable[[int], None], batch: int, seconds: float) -> float:
    """Pictures a second of the median round."""
    draw(batch)
    durations = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        draw(batch)
        durations.append(time.perf_counter() - start)
    return batch / sorted(durations)[len(durations) // 2]


def _engine_round(engine: ImageEngine, batch: int) -> None:
    """``batch`` requests of one picture each, from admit to outcome."""
    for number in range(batch):
        engine.admit(ImageGeneration(Key(f"{number}", 1), ImageParams(label="boot", seed=number)))
    while engine.load:
        engine.step()


def _decoder_round(manifest: Manifest) -> Callable[[int], None]:
    traits = manifest.image
    assert traits is not None
    session = open_session(MODEL / traits.files["decoder"], Provider.CPU, threads=1)
    decoder = Decoder(session, latents=traits.latent, labels=len(traits.labels), largest=max(BATCHES))
    decoder.verify()
    ready = np.random.default_rng(0).standard_normal((max(BATCHES), traits.latent), dtype=np.float32)

    def draw(batch: int) -> None:
        label, guidance = np.full(batch, 9, np.int64), np.ones(batch, np.float32)
        np.rint(decoder.run(ready[:batch], label, guidance) * 255).astype(np.uint8)

    return draw


def _torch_round() -> Callable[[int], None] | None:
    """The same network in torch, with weights drawn at random; None where torch is missing."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    from pressroom.training.vae.model import Vae

    torch.set_num_threads(1)
    vae = Vae().eval()
    ready = torch.randn(max(BATCHES), vae.config.latent)

    def draw(batch: int) -> None:
        with torch.inference_mode():
            label, guidance = torch.full((batch,), 9), torch.ones(batch)
            (vae.guided(ready[:batch], label, guidance) * 255).round().byte().numpy()

    return draw


if __name__ == "__main__":
    main()
