"""``pressroom image``: files, grids, and what can be wrong with them."""

import io
import json
from pathlib import Path

import httpx
import pytest
from PIL import Image
from tests.support import answers
from tests.support.answers import JOB_ID, Script, answer, event, stream
from tests.unit.cli.conftest import Run


def png(grey: int, size: tuple[int, int] = (4, 4)) -> bytes:
    content = io.BytesIO()
    Image.new("L", size, grey).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def front(script: Script) -> Script:
    """A front that draws five small pictures."""
    pictures = [png(50 * n) for n in range(5)]
    script.on("GET /v1/models", answer(answers.models()))
    script.on("POST /v1/jobs", answer(answers.image_job(status="queued"), 202))
    script.on(f"GET /v1/jobs/{JOB_ID}/events", lambda _: stream(event("1-2", "end", status="succeeded")))
    script.on(f"GET /v1/jobs/{JOB_ID}", answer(answers.image_job(pictures)))
    for n, content in enumerate(pictures):
        script.on(f"GET /v1/jobs/{JOB_ID}/outputs/{n}", httpx.Response(200, content=content))
    return script


def test_each_picture_in_a_file(run: Run, front: Script, home: Path) -> None:
    result = run("image", "--label", "sneaker", "-n", "5", "--scale", "2", "--format", "png", "--seed", "7")
    paths = [f"out/{JOB_ID}-{n}.png" for n in range(5)]
    assert (result.exit_code, result.stdout.split(), result.stderr) == (0, paths, "")
    assert [(home / path).read_bytes() for path in paths] == [png(50 * n) for n in range(5)]
    assert json.loads(front.sent("POST /v1/jobs")[0].content) == {
        "model": "vae-fashion",
        "params": {"label": "sneaker", "n": 5, "scale": 2, "format": "png", "seed": 7},
    }


def test_all_pictures_in_a_grid(run: Run, front: Script, home: Path) -> None:
    result = run("image", "--grid", "some/where/grid.png", "--guidance", "1.5")
    assert (result.exit_code, result.stdout) == (0, "some/where/grid.png\n")
    with Image.open(home / "some/where/grid.png") as grid:
        assert (grid.size, grid.mode) == ((3 * 4 + 2 * 2, 2 * 4 + 2), "L")
        assert [grid.getpixel((6 * (n % 3), 6 * (n // 3))) for n in range(6)] == [0, 50, 100, 150, 200, 255]
    assert not (home / "out").exists()


def test_grid_and_files(run: Run, front: Script, home: Path) -> None:
    result = run("image", "--grid", "grid.webp", "--out", "each")
    assert result.stdout.split() == ["grid.webp", *(f"each/{JOB_ID}-{n}.png" for n in range(5))]
    with Image.open(home / "grid.webp") as grid:
        assert grid.format == "WEBP"


@pytest.mark.parametrize("name", ["grid.tiff", "grid", ".png"])
def test_a_grid_of_no_format(run: Run, front: Script, name: str) -> None:
    result = run("image", "--grid", name)
    assert result.exit_code == 2
    assert ".webp" in result.stderr
    assert front.requests == []


def test_a_place_that_cannot_be_written(run: Run, front: Script, home: Path) -> None:
    (home / "file").write_text("")
    result = run("image", "--out", "file/folder")
    assert result.exit_code == 1
    assert "Choose another place" in result.stderr


def test_a_damaged_picture(run: Run, front: Script, home: Path) -> None:
    front.on(f"GET /v1/jobs/{JOB_ID}/outputs/3", httpx.Response(200, content=b"cut"))
    result = run("image")
    assert result.exit_code == 1
    assert "sha256" in result.stderr
    assert not (home / "out").exists()
