"""The catalog: which manifests count, and how a change is seen."""

from pathlib import Path

import pytest
from tests.support.catalogs import PAINTER, WRITER, save

from pressroom.catalog.catalog import Catalog, in_order, zoo_folder
from pressroom.catalog.routes import Route, change_route
from pressroom.domain.errors import ModelUnknown


def fresh(zoo: Path, models: Path) -> Catalog:
    return Catalog(zoo, models, look_again_s=0)


def test_it_finds_the_models_of_both_folders(tmp_path: Path) -> None:
    save(WRITER, tmp_path / "zoo")
    save(PAINTER, tmp_path / "models")
    catalog = Catalog.load(tmp_path / "zoo", tmp_path / "models")
    assert catalog.find("writer") == WRITER
    assert [manifest.name for manifest in catalog.all()] == ["painter", "writer"]


def test_an_unknown_model_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    save(WRITER, tmp_path)
    save(PAINTER, tmp_path)
    with pytest.raises(ModelUnknown, match="painter, writer") as refused:
        fresh(tmp_path, tmp_path / "none").find("nobody")
    assert refused.value.field == "model"


def test_without_any_model_the_refusal_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="pressroom models pull"):
        fresh(tmp_path, tmp_path).find("writer")


def test_a_model_built_here_goes_before_the_zoo(tmp_path: Path) -> None:
    save(WRITER, tmp_path / "zoo")
    save(WRITER.model_copy(update={"version": "9"}), tmp_path / "models")
    assert fresh(tmp_path / "zoo", tmp_path / "models").find("writer").version == "9"


def test_it_sees_models_come_change_and_go(tmp_path: Path) -> None:
    catalog = fresh(tmp_path, tmp_path / "models")
    assert catalog.all() == ()
    home = save(WRITER, tmp_path)
    assert catalog.find("writer").version == "1"
    save(WRITER.model_copy(update={"version": "10"}), tmp_path)
    assert catalog.find("writer").version == "10"
    (home / "manifest.json").unlink()
    assert catalog.all() == ()


def test_it_looks_at_the_folders_only_now_and_then(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, tmp_path / "models", look_again_s=3_600)
    assert catalog.all() == ()
    save(WRITER, tmp_path)
    assert catalog.all() == ()


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": "writer"}', b"\xff\xfe"])
def test_a_broken_manifest_does_not_take_the_others_with_it(tmp_path: Path, content: bytes) -> None:
    save(PAINTER, tmp_path)
    (tmp_path / "writer").mkdir()
    (tmp_path / "writer" / "manifest.json").write_bytes(content)
    assert [manifest.name for manifest in fresh(tmp_path, tmp_path / "none").all()] == ["painter"]


def test_a_manifest_under_another_name_is_left_out(tmp_path: Path) -> None:
    save(WRITER, tmp_path).rename(tmp_path / "poet")
    assert fresh(tmp_path, tmp_path / "none").all() == ()


def test_the_shipped_zoo_is_found_and_whole() -> None:
    names = [manifest.name for manifest in Catalog.load(None, Path("/nonexistent")).all()]
    assert names == [
        "all-minilm-l6-v2",
        "copy-gpt",
        "copy-rnn",
        "fashion-flow",
        "fashion-gan",
        "icons",
        "icons64",
        "mnist-vae",
        "profanity",
        "smollm2-135m-instruct",
        "upscale-x4",
        "vae-fashion",
    ]


def test_a_named_zoo_goes_before_the_shipped_one(tmp_path: Path) -> None:
    assert zoo_folder(tmp_path) == tmp_path


def test_versions_grow_as_people_count() -> None:
    mixed = ["10.0", "1.0.0", "2", "1.10.0", "1.0.0-rc1", "1.9.0"]
    assert sorted(mixed, key=in_order) == ["1.0.0-rc1", "1.0.0", "1.9.0", "1.10.0", "2", "10.0"]


def test_a_name_and_a_version_is_that_version(tmp_path: Path) -> None:
    save(WRITER, tmp_path / "zoo")
    newer = WRITER.model_copy(update={"version": "2", "sha256": "c" * 64})
    home = save(newer, tmp_path / "models")
    home.rename(home.with_name("writer@2"))
    catalog = fresh(tmp_path / "zoo", tmp_path / "models")

    assert [
        catalog.find(asked).version for asked in ("writer", "writer@stable", "writer@latest", "writer@2")
    ] == [
        "1",
        "1",
        "2",
        "2",
    ]
    assert [kept.manifest.version for kept in catalog.versions("writer")] == ["2", "1"]
    assert [kept.manifest.sha256[0] for kept in catalog.every_version()] == ["a", "c"]
    assert catalog.kept("writer@2").folder == tmp_path / "models" / "writer@2"
    assert [manifest.version for manifest in catalog.all()] == ["1"]
    for wrong in ("writer@3", "writer@", "writer@2@2"):
        with pytest.raises(ModelUnknown, match="Known: 1, 2; or stable, latest"):
            catalog.find(wrong)


def test_a_decision_about_what_is_gone_does_not_count(tmp_path: Path) -> None:
    save(WRITER, tmp_path)
    change_route(tmp_path, "writer", lambda _: Route(stable="7", canary="8", share=0.9))
    catalog = fresh(tmp_path / "none", tmp_path)
    assert catalog.find("writer").version == "1"
    assert catalog.choose("writer", 0.1, "acme").version == "1"
    (tmp_path / "routes.json").write_text("what?")
    assert catalog.find("writer").version == "1"


OWN = WRITER.model_copy(update={"version": "2", "sha256": "9" * 64, "tenant": "acme"})


def test_what_is_one_tenants_is_nobody_elses(tmp_path: Path) -> None:
    save(WRITER, tmp_path)
    folder = tmp_path / OWN.reference
    folder.mkdir()
    (folder / "manifest.json").write_text(OWN.model_dump_json())
    catalog = fresh(tmp_path / "none", tmp_path)
    assert catalog.choose("writer@2", 0.1, "acme") == OWN
    assert catalog.choose("writer@latest", 0.1, "acme") == OWN
    assert catalog.choose("writer", 0.1, "acme") == WRITER
    for asked in ("writer", "writer@latest", "writer@stable"):
        assert catalog.choose(asked, 0.1, "globex") == WRITER
    with pytest.raises(ModelUnknown, match="Known: 1; or"):
        catalog.choose("writer@2", 0.1, "globex")
    assert catalog.seen_by("globex") == (WRITER,)
    assert {kept.manifest.version for kept in catalog.every_version()} == {"1", "2"}


def test_a_model_that_is_only_one_tenants_is_unknown_to_others(tmp_path: Path) -> None:
    save(OWN.model_copy(update={"name": "own"}), tmp_path)
    save(WRITER, tmp_path)
    catalog = fresh(tmp_path / "none", tmp_path)
    assert [manifest.name for manifest in catalog.seen_by("acme")] == ["own", "writer"]
    assert [manifest.name for manifest in catalog.seen_by("globex")] == ["writer"]
    with pytest.raises(ModelUnknown) as unknown:
        catalog.choose("own", 0.1, "globex")
    assert "Known models: writer." in str(unknown.value.message)
