"""``pressroom models show`` and on: versions of this machine, on real folders."""

from pathlib import Path

import pytest
from tests.support.catalogs import PAINTER
from tests.unit.cli.conftest import Run

from pressroom.catalog.routes import Route, read_routes


@pytest.fixture
def models_dir(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three versions of a model; the one whose folder has the bare name is stable."""
    monkeypatch.setenv("PRESSROOM_HOME", str(home))
    monkeypatch.setenv("PRESSROOM_ZOO_DIR", str(home / "zoo"))
    monkeypatch.setenv("PRESSROOM_MODELS_DIR", str(home / "models"))
    for folder, version in (("painter", "1.0.0"), ("painter@1.1.0", "1.1.0"), ("painter@2.0.0", "2.0.0")):
        manifest = PAINTER.model_copy(
            update={"version": version, "sha256": version[0] * 64, "metrics": {"recall": 0.3}}
        )
        (home / "models" / folder).mkdir(parents=True)
        (home / "models" / folder / "manifest.json").write_text(manifest.model_dump_json())
    return home / "models"


def _rows(run: Run) -> list[list[str]]:
    return [row.split("\t") for row in run("models", "show", "painter").stdout.splitlines()]


def test_show_says_what_each_is_and_what_it_is_worth(run: Run, models_dir: Path) -> None:
    assert [row[:2] for row in _rows(run)] == [["2.0.0", ""], ["1.1.0", ""], ["1.0.0", "stable 100%"]]
    assert _rows(run)[0][2:] == ["2" * 12, "0.0 MB", "made up", "recall 0.3"]


def test_tried_promoted_and_taken_back(run: Run, models_dir: Path) -> None:
    assert run("models", "canary", "painter", "2.0.0", "--share", "0.2").exit_code == 0
    assert [row[1] for row in _rows(run)] == ["canary 20%", "", "stable 80%"]
    assert "2.0.0 is stable" in run("models", "promote", "painter").stdout
    assert [row[1] for row in _rows(run)] == ["stable 100%", "", "previous"]
    assert run("models", "rollback", "painter").exit_code == 0
    assert read_routes(models_dir) == {"painter": Route(stable="1.0.0", previous="2.0.0")}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("show", "nobody"), "Known models: painter"),
        (("canary", "painter", "9"), "no such version"),
        (("canary", "painter", "1.0.0"), "stable already"),
        (("promote", "painter"), "No canary flies"),
        (("rollback", "painter"), "no way back"),
        (("remove", "painter", "1.0.0"), "is stable"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    run: Run, models_dir: Path, arguments: tuple[str, ...], why: str
) -> None:
    result = run("models", *arguments)
    assert result.exit_code == 1
    assert why in result.stderr
    assert not (models_dir / "routes.json").exists()
    assert len(list(models_dir.glob("painter*"))) == 3


def test_a_share_of_all_is_wrong_use(run: Run, models_dir: Path) -> None:
    assert run("models", "canary", "painter", "2.0.0", "--share", "1").exit_code == 2


def test_broken_decisions_are_told(run: Run, models_dir: Path) -> None:
    (models_dir / "routes.json").write_text("?")
    result = run("models", "promote", "painter", "2.0.0")
    assert result.exit_code == 1
    assert "Remove it" in result.stderr
