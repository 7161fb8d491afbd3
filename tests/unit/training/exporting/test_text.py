"""A language model that is exported: its weights are whole, and what a machine builds of them says the same."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tests.unit.training.exporting.test_model import ABOUT

from pressroom.adapters.models.opened import opened_folder
from pressroom.adapters.models.pull import pull
from pressroom.adapters.models.recurrent import RecurrentModel
from pressroom.bootstrap.importing import take_in
from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.parity import LIMITS, read_parity
from pressroom.domain.errors import ModelCorrupt
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.parity import golden, logits_after
from pressroom.settings import Settings
from pressroom.training.exporting import text
from pressroom.training.exporting.errors import NotServed, ParityBroken, TooFarOff
from pressroom.training.exporting.text import write_text_model
from pressroom.training.exporting.weights import Weights
from pressroom.training.language.folder import MODEL, SAMPLES, write_folder
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.language.lstm import Lstm, LstmConfig
from pressroom.training.language.tokens import learnt

pytestmark = pytest.mark.train

NETWORKS = ("lstm", "gpt")


@pytest.fixture(params=NETWORKS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What training leaves, untrained."""
    torch.manual_seed(0)
    tokenizer = learnt(["The kettle is a thing that boils water.", "Dear customer, 1 2 3"], 320)
    size = tokenizer.get_vocab_size()
    network = (
        Lstm(LstmConfig(size, 16, 24)) if request.param == "lstm" else Gpt(GptConfig(size, 64, 64, 2, 2))
    )
    write_folder(network, tokenizer, tmp_path / "run" / MODEL)
    (tmp_path / "run" / SAMPLES).write_text("kettle: a thing\n", encoding="utf-8")
    return tmp_path / "run"


@pytest.mark.parametrize("weights", ["fp32", "fp16"])
def test_it_is_whole_and_is_built_and_writes(run: Path, tmp_path: Path, weights: Weights) -> None:
    folder = tmp_path / "zoo" / "tiny"
    manifest = write_text_model(ABOUT, run, folder, weights=weights)
    assert Manifest.model_validate_json((folder / "manifest.json").read_bytes()) == manifest
    check_files(folder, manifest.marks)
    extra = {"manifest.json", "LICENSE", SAMPLES}
    assert {path.name for path in folder.iterdir()} == {file.path for file in manifest.files} | extra
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert manifest.made is not None
    assert manifest.made.parity < 1e-4
    assert {each.name for each in manifest.made.graphs["decoder"].inputs} >= {"tokens", "positions"}
    assert ("fp16_nats" in manifest.metrics) == (weights == "fp16")
    assert (folder / "LICENSE").read_text(encoding="utf-8") == ABOUT.notice
    assert (folder / SAMPLES).is_file()
    stored = load_file(folder / "model.safetensors").values()
    assert {each.dtype.name for each in stored} == {"float32" if weights == "fp32" else "float16"}

    assert manifest.text is not None
    for variant in manifest.text.variants:
        built = pull(manifest, tmp_path / "models", variant, shipped=folder)
        engine = open_text_engine(built, variant=variant, provider="cpu", slots=1, slot_tokens=64)
        assert all(len(each.tokens) == 12 for each in golden(engine))
        engine.close()


def test_what_was_exported_is_taken_in_past_the_gate(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "zoo" / "tiny"
    manifest = write_text_model(ABOUT, run, folder, weights="fp16")
    settings = Settings(home=tmp_path / "home", models_dir=tmp_path / "models", text_threads=1)
    built = take_in(folder, settings, lambda what: None)
    assert built.name == "tiny"
    kept = Manifest.model_validate_json((built / "manifest.json").read_bytes())
    assert (kept.sha256, kept.version, kept.made, kept.metrics) == (
        manifest.sha256,
        manifest.version,
        manifest.made,
        manifest.metrics,
    )
    assert kept.text is not None
    (variant,) = kept.text.variants
    assert max(read_parity(built, variant).distance.values()) < LIMITS[variant]


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_was_changed_is_neither_built_nor_taken_in(run: Path, tmp_path: Path, file: str) -> None:
    folder = tmp_path / "zoo" / "tiny"
    manifest = write_text_model(ABOUT, run, folder, weights="fp32")
    with (folder / file).open("ab") as opened:
        opened.write(b" ")
    with pytest.raises(ModelCorrupt, match=file):
        pull(manifest, tmp_path / "models", shipped=folder)
    settings = Settings(home=tmp_path / "home", models_dir=tmp_path / "models", text_threads=1)
    with pytest.raises(ModelCorrupt, match=file):
        take_in(folder, settings, lambda what: None)
    assert not (tmp_path / "models" / "tiny").exists()


def test_a_graph_that_says_something_else_is_not_exported(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*arguments: object, **options: object) -> tuple[str, object]:
        _, logits = logits_after(*arguments, **options)  # type: ignore[arg-type]
        return "other", logits + 0.01 * np.abs(logits).max()

    monkeypatch.setattr(text, "logits_after", other)
    with pytest.raises(ParityBroken, match="from its weights"):
        write_text_model(ABOUT, run, tmp_path / "zoo" / "tiny", weights="fp32")
    assert not list((tmp_path / "zoo").iterdir())


def test_weights_that_16_bits_do_not_hold_are_refused(run: Path, tmp_path: Path) -> None:
    """2e5 is beyond what a half float can be, and the network has that many of it."""
    path = run / MODEL / "model.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if "weight_ih_l0" in name or "k_proj" in name)
    weights[name] = np.where(
        np.arange(weights[name].size).reshape(weights[name].shape) % 7, weights[name], 2e5
    )
    save_file({key: each.astype(np.float32) for key, each in weights.items()}, path)
    with pytest.raises(TooFarOff, match="more bits"):
        write_text_model(ABOUT, run, tmp_path / "zoo" / "tiny", weights="fp16")
    assert not list((tmp_path / "zoo").iterdir())


def test_8_bits_are_built_and_not_exported(run: Path, tmp_path: Path) -> None:
    with pytest.raises(NotServed, match="what a machine builds"):
        write_text_model(ABOUT, run, tmp_path / "zoo" / "tiny", weights="int8")
    assert not (tmp_path / "zoo").exists()


def test_variants_are_those_that_its_kind_is_built_in(run: Path, tmp_path: Path) -> None:
    manifest = write_text_model(ABOUT, run, tmp_path / "tiny", weights="fp32")
    recurrent = isinstance(opened_folder(run / MODEL), RecurrentModel)
    assert json.loads((tmp_path / "tiny" / "manifest.json").read_text())["text"]["variants"][0] == (
        "fp32" if recurrent else "q8"
    )
    assert manifest.text is not None
    assert manifest.text.context == (2048 if recurrent else 64)
