"""Choosing a weight format: every one for the CPU is built and rated, and workers open the fastest."""

from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_gguf
from tests.support.tiny_model import tiny_manifest

from pressroom.adapters.models.build import build
from pressroom.adapters.models.errors import UnknownVariant
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.bootstrap import choosing
from pressroom.bootstrap.choosing import choose_variant
from pressroom.catalog.choice import Rates, read_choice
from pressroom.engines.base import EngineUnavailable
from pressroom.engines.text.engine import TextEngine
from pressroom.engines.text.opening import open_text_engine
from pressroom.settings import Settings

SPEED = {"q8": 10.0, "i8": 30.0, "q4lr": 20.0}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    gguf = write_tiny_gguf(folder / "m.gguf", kind="Q4_1")
    manifest = tiny_manifest(gguf, "q8", "i8", "q4lr", "fp32", "fp16")
    for variant in ("q8", "i8", "q4lr"):
        (scratch := folder / f"scratch-{variant}").mkdir()
        build(GgufModel(gguf), manifest, folder, variant, scratch)
    return folder


@pytest.fixture
def settings(models: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    def rated(engine: TextEngine) -> Rates:
        speed = SPEED[engine.info.variant]
        return Rates(prompt=speed, alone=speed, together=speed)

    monkeypatch.setattr(choosing, "rate", rated)
    return Settings(models_dir=models)


def test_the_fastest_is_what_a_worker_opens(settings: Settings, models: Path) -> None:
    said: list[str] = []
    choice = choose_variant("tiny", settings, said.append)
    assert (choice.variant, set(choice.rates)) == ("i8", set(SPEED))
    assert read_choice(models / "tiny") == choice
    assert {line.partition(":")[0] for line in said} == set(SPEED)
    engine = open_text_engine(models / "tiny", provider="cpu")
    assert engine.info.variant == "i8"
    engine.close()
    asked = open_text_engine(models / "tiny", provider="cpu", variant="q8")
    assert asked.info.variant == "q8"
    asked.close()


def test_one_that_does_not_run_here_is_left_out(
    settings: Settings, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_i8(folder: Path, **options: object) -> TextEngine:
        if options["variant"] == "i8":
            raise EngineUnavailable("No exact sums here.")
        return open_text_engine(folder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(choosing, "open_text_engine", without_i8)
    said: list[str] = []
    choice = choose_variant("tiny", settings, said.append)
    assert (choice.variant, set(choice.rates)) == ("q4lr", {"q8", "q4lr"})
    assert any("No exact sums here" in line for line in said)


def test_where_none_runs_the_choice_before_stays(
    settings: Settings, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = choose_variant("tiny", settings, lambda _: None)

    def refuse(*_: object, **__: object) -> TextEngine:
        raise EngineUnavailable("Nothing runs.")

    monkeypatch.setattr(choosing, "open_text_engine", refuse)
    with pytest.raises(EngineUnavailable, match="No variant of tiny"):
        choose_variant("tiny", settings, lambda _: None)
    assert read_choice(models / "tiny") == before


def test_a_picture_model_has_nothing_to_choose(settings: Settings) -> None:
    with pytest.raises(UnknownVariant, match="vae-fashion"):
        choose_variant("vae-fashion", settings, lambda _: None)
