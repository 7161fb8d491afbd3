"""Pictures a second: the image engine with batches of 1, 8, 32 and 128, beside plain torch.

    python benchmarks/image_engine.py [--seconds 2]

Three rates, each with one thread and with one a core, of which the better one counts:

    engine    whole requests, from admit to outcome: keyed latents, decoder, grey values, bookkeeping
    decoder   the engine's decoder alone, on ready latents, with the padding that keeps pictures exact
    torch     the same network and guidance in torch (where it is installed), on ready latents

``decoder`` beside ``torch`` compares the runtimes; ``engine`` is what a worker gets.
"""

import argparse
import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from record import record

from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams
from pressroom.engines.base import ImageGeneration, Key
from pressroom.engines.image.decoder import Decoder
from pressroom.engines.image.opening import open_image_engine
from pressroom.engines.sessions import Provider, open_session

MODEL = Path(__file__).parents[1] / "model_zoo" / "vae-fashion"
BATCHES = (1, 8, 32, 128)

Draw = Callable[[int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on each figure")
    seconds = parser.parse_args().seconds
    manifest = Manifest.model_validate_json((MODEL / "manifest.json").read_text(encoding="utf-8"))
    contestants: dict[str, Callable[[int], Draw | None]] = {
        "engine": lambda threads: _engine_round(manifest, threads),
        "decoder": lambda threads: _decoder_round(manifest, threads),
        "torch": _torch_round,
    }
    figures: dict[str, object] = {}
    for batch in BATCHES:
        for name, made in contestants.items():
            rates = {}
            for threads in sorted({1, os.cpu_count() or 1}):
                draw = made(threads)
                if draw is not None:
                    rates[threads] = _rate(draw, batch, seconds)
            if rates:
                best = max(rates, key=lambda threads: rates[threads])
                figures[f"{name}_pictures_per_s_batch_{batch}"] = round(rates[best])
                figures[f"{name}_threads_batch_{batch}"] = best
                print(f"{name:7} batch {batch:3}: {rates[best]:8.0f} pictures/s, {best} threads")
        if f"torch_pictures_per_s_batch_{batch}" in figures:
            ours, theirs = (
                int(str(figures[f"{name}_pictures_per_s_batch_{batch}"])) for name in ("decoder", "torch")
            )
            figures[f"decoder_over_torch_batch_{batch}"] = round(ours / theirs, 2)
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


def _engine_round(manifest: Manifest, threads: int) -> Draw:
    """``batch`` requests of one picture each, from admit to outcome."""
    engine = open_image_engine(
        MODEL, manifest, provider="cpu", threads=threads, max_batch=max(BATCHES), gather_ms=0
    )
    engine.warm_up()

    def draw(batch: int) -> None:
        for number in range(batch):
            engine.admit(ImageGeneration(Key(f"{number}", 1), ImageParams(label="boot", seed=number)))
        while engine.load:
            engine.step()

    return draw


def _decoder_round(manifest: Manifest, threads: int) -> Draw:
    traits = manifest.image
    assert traits is not None
    session = open_session(MODEL / traits.files["decoder"], Provider.CPU, threads=threads)
    decoder = Decoder(session, latents=traits.latent, labels=len(traits.labels), largest=max(BATCHES))
    decoder.verify()
    ready = np.random.default_rng(0).standard_normal((max(BATCHES), traits.latent), dtype=np.float32)

    def draw(batch: int) -> None:
        label, guidance = np.full(batch, 9, np.int64), np.ones(batch, np.float32)
        np.rint(decoder.run(ready[:batch], label, guidance) * 255).astype(np.uint8)

    return draw


def _torch_round(threads: int) -> Draw | None:
    """The same network in torch, with weights drawn at random; None where torch is missing."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    from pressroom.training.vae.model import Vae

    vae = Vae().eval()
    ready = torch.randn(max(BATCHES), vae.config.latent)

    def draw(batch: int) -> None:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            label, guidance = torch.full((batch,), 9), torch.ones(batch)
            (vae.guided(ready[:batch], label, guidance) * 255).round().byte().numpy()

    return draw


if __name__ == "__main__":
    main()
