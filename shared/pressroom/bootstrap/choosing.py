"""Wires the choice of a text model's weight format by measurement, on the machine that will run it."""

import statistics
from collections.abc import Callable
from pathlib import Path

from pressroom.adapters.models.errors import UnknownVariant
from pressroom.adapters.models.pull import pull
from pressroom.bootstrap.worker import text_threads
from pressroom.catalog.catalog import Catalog
from pressroom.catalog.choice import Choice, Rates, choice_of, write_choice
from pressroom.catalog.manifest import Manifest
from pressroom.engines.base import EngineUnavailable
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.rating import rate
from pressroom.settings import Settings

# Not for the CPU, or for reference only.
_LEFT_OUT = ("fp16", "fp32")
_ROUNDS = 3

Say = Callable[[str], None]


def choose_variant(name: str, settings: Settings, say: Say) -> Choice:
    """Build and rate every variant of ``name`` for the CPU, and keep the choice for workers to come.

    Variants take turns, so that what else the machine does meets all of them. Raises ModelUnknown, ModelError of
    every kind, and EngineUnavailable where none can be opened."""
    manifest = Catalog.load(settings.zoo_dir, settings.models).find(name)
    variants = [each for each in (manifest.text.variants if manifest.text else ()) if each not in _LEFT_OUT]
    if not variants:
        raise UnknownVariant(f"{name} has no variants for the CPU to choose from.")
    for variant in variants:
        say(f"{variant}: build")
        pull(manifest, settings.models, variant)
    folder = settings.models / manifest.name
    measured: dict[str, list[Rates]] = {}
    for round_ in range(_ROUNDS):
        for variant in list(variants):
            try:
                measured.setdefault(variant, []).append(_rated(folder, variant, settings, manifest))
            except EngineUnavailable as error:
                say(f"{variant}: left out. {error}")
                variants.remove(variant)
                measured.pop(variant, None)
                continue
            say(f"{variant}: round {round_ + 1} of {_ROUNDS}")
    if not measured:
        raise EngineUnavailable(f"No variant of {name} could be opened here.")
    choice = choice_of({variant: _median(rates) for variant, rates in measured.items()})
    write_choice(folder, choice)
    return choice


def _rated(folder: Path, variant: str, settings: Settings, manifest: Manifest) -> Rates:
    engine = open_text_engine(
        folder,
        variant=variant,
        provider="cpu",
        threads=text_threads(settings),
        kernels=settings.text_kernels,
        slots=min(settings.text_slots, 8),
        slot_tokens=min(512, manifest.text.context if manifest.text else 512),
        prefix_bytes=0,
    )
    try:
        engine.warm_up()
        return rate(engine)
    finally:
        engine.close()


def _median(rates: list[Rates]) -> Rates:
    return Rates(
        prompt=statistics.median(each.prompt for each in rates),
        alone=statistics.median(each.alone for each in rates),
        together=statistics.median(each.together for each in rates),
    )
