"""Versions as an operator handles them; what is refused leaves everything as it was."""

import hashlib
from pathlib import Path

import pytest
from tests.support.catalogs import PAINTER

from pressroom.catalog.catalog import Catalog
from pressroom.catalog.manifest import File, Manifest
from pressroom.catalog.shelf import Shelf
from pressroom.domain.errors import ModelCorrupt, ModelUnknown, RouteInvalid


def _made(folder: Path, version: str, content: bytes = b"graph") -> Path:
    """A folder with a whole model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "decoder.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = File(path="decoder.onnx", sha256=digest, bytes=len(content))
    manifest = PAINTER.model_copy(
        update={
            "version": version,
            "files": (file,),
            "sha256": hashlib.sha256(version.encode() + content).hexdigest(),
        }
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    return folder


class _World:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.models = home / "models"
        _made(home / "zoo" / "painter", "1.9.0")
        self.catalog = Catalog(home / "zoo", self.models, look_again_s=0)
        self.open: dict[str, int] = {}
        self.checked: list[str] = []
        self.shelf = Shelf(self.catalog, lambda sha256: self.open.get(sha256, 0))

    def take_in(self, version: str, content: bytes = b"graph") -> Manifest:
        return self.shelf.take_in(_made(self.home / "made", version, content), self._check).manifest

    def roles(self) -> dict[str, tuple[str, float]]:
        return {one.kept.manifest.version: (one.role, one.share) for one in self.shelf.standings("painter")}

    def _check(self, manifest: Manifest, folder: Path) -> None:
        assert (folder / "decoder.onnx").is_file()
        self.checked.append(manifest.version)


@pytest.fixture
def world(tmp_path: Path) -> _World:
    return _World(tmp_path)


def test_a_new_version_lies_beside_and_changes_nothing(world: _World) -> None:
    world.take_in("1.10.0")

    assert world.checked == ["1.10.0"]
    assert world.roles() == {"1.10.0": ("", 0.0), "1.9.0": ("stable", 1.0)}
    assert world.catalog.find("painter").version == "1.9.0"
    assert world.catalog.find("painter@latest").version == "1.10.0"
    assert [path.name for path in world.models.iterdir()] == ["painter@1.10.0"]


def test_tried_promoted_and_back(world: _World) -> None:
    world.take_in("1.10.0")

    world.shelf.canary("painter", "latest", 0.2)
    assert world.roles() == {"1.10.0": ("canary", 0.2), "1.9.0": ("stable", 0.8)}
    assert [world.catalog.choose("painter", draw, "acme").version for draw in (0.1, 0.3)] == [
        "1.10.0",
        "1.9.0",
    ]
    assert world.catalog.choose("painter@stable", 0.1, "acme").version == "1.9.0"

    world.shelf.promote("painter", None)
    assert world.roles() == {"1.10.0": ("stable", 1.0), "1.9.0": ("previous", 0.0)}

    world.shelf.rollback("painter")
    assert world.roles() == {"1.10.0": ("previous", 0.0), "1.9.0": ("stable", 1.0)}


def test_the_same_again_changes_nothing_and_other_weights_need_another_version(world: _World) -> None:
    first = world.take_in("2.0.0")
    assert world.take_in("2.0.0") == first
    with pytest.raises(RouteInvalid, match="another version"):
        world.take_in("2.0.0", b"other")
    assert (world.models / "painter@2.0.0" / "decoder.onnx").read_bytes() == b"graph"


def test_what_is_not_whole_or_fails_its_check_leaves_nothing(world: _World) -> None:
    folder = _made(world.home / "cut", "2.0.0")
    (folder / "decoder.onnx").write_bytes(b"gra")
    with pytest.raises(ModelCorrupt):
        world.shelf.take_in(folder, world._check)

    def far(manifest: Manifest, draft: Path) -> None:
        raise ModelCorrupt("its golden outputs are far off")

    with pytest.raises(ModelCorrupt, match="far off"):
        world.shelf.take_in(_made(world.home / "far", "2.0.0"), far)
    for broken in (world.home / "nothing", world.home):
        with pytest.raises(ModelCorrupt):
            world.shelf.take_in(broken, world._check)
    assert list(world.models.iterdir()) == []
    assert world.roles() == {"1.9.0": ("stable", 1.0)}


def test_only_what_nobody_comes_for_is_removed(world: _World) -> None:
    second, third = world.take_in("2.0.0"), world.take_in("3.0.0")
    world.shelf.canary("painter", "3.0.0", 0.5)
    for version, why in (("1.9.0", "stable"), ("3.0.0", "canary"), ("stable", "say which one")):
        with pytest.raises(RouteInvalid, match=why):
            world.shelf.remove("painter", version)
    world.open[second.sha256] = 3
    with pytest.raises(RouteInvalid, match="3 open jobs"):
        world.shelf.remove("painter", "2.0.0")
    world.open.clear()
    world.shelf.remove("painter", "2.0.0")
    world.shelf.promote("painter", "3.0.0")
    with pytest.raises(RouteInvalid, match="shipped"):
        world.shelf.remove("painter", "1.9.0")
    with pytest.raises(ModelUnknown):
        world.shelf.remove("painter", "2.0.0")
    assert list(world.roles()) == ["3.0.0", "1.9.0"]
    assert world.catalog.find("painter").sha256 == third.sha256
    assert sorted(path.name for path in world.models.iterdir() if path.is_dir()) == ["painter@3.0.0"]


def test_there_is_no_way_back_to_what_is_gone(world: _World) -> None:
    world.take_in("2.0.0")
    world.take_in("3.0.0")
    world.shelf.promote("painter", "2.0.0")
    world.shelf.promote("painter", "3.0.0")
    world.shelf.remove("painter", "2.0.0")

    with pytest.raises(ModelUnknown):
        world.shelf.rollback("painter")

    assert world.catalog.find("painter").version == "3.0.0"


@pytest.mark.parametrize("what", ["canary", "promote", "rollback", "standings", "remove"])
def test_an_unknown_model_is_named_so(world: _World, what: str) -> None:
    arguments = {"canary": ("1", 0.5), "promote": ("1",), "remove": ("1",)}.get(what, ())
    with pytest.raises(ModelUnknown, match="painter"):
        getattr(world.shelf, what)("nobody", *arguments)
    assert not (world.models / "routes.json").exists()


def test_what_is_one_tenants_cannot_be_made_everybodys(world: _World) -> None:
    made = _made(world.home / "made", "2.0.0")
    path = made / "manifest.json"
    manifest = Manifest.model_validate_json(path.read_text()).model_copy(update={"tenant": "acme"})
    path.write_text(manifest.model_dump_json())
    world.shelf.take_in(made, world._check)
    with pytest.raises(RouteInvalid, match="for acme alone"):
        world.shelf.promote("painter", "2.0.0")
    with pytest.raises(RouteInvalid, match="for acme alone"):
        world.shelf.canary("painter", "2.0.0", 0.1)
    assert world.catalog.find("painter").version == "1.9.0"
