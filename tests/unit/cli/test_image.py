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


UPLOAD_ID = "upl_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"


def _upload(**changes: object) -> dict[str, object]:
    return {
        "id": UPLOAD_ID,
        "media_type": "image/png",
        "size": 1,
        "sha256": "a" * 64,
        "width": 4,
        "height": 4,
        "url": f"/v1/uploads/{UPLOAD_ID}/content",
        "created_at": 1,
        "expires_at": 2,
        **changes,
    }


def test_files_are_sent_in_and_go_with_the_job(run: Run, front: Script, home: Path) -> None:
    front.on("POST /v1/uploads", answer(_upload(), 201))
    (home / "boot.png").write_bytes(png(9))
    (home / "mask.jpg").write_bytes(b"\xff\xd8jpeg")
    result = run(
        "image",
        *("--operation", "inpaint", "--picture", "boot.png", "--mask", "mask.jpg", "--model", "vae-fashion"),
    )
    assert result.exit_code == 0, result.stderr
    sent = front.sent("POST /v1/uploads")
    assert [call.headers["content-type"] for call in sent] == ["image/png", "image/jpeg"]
    assert [call.content for call in sent] == [png(9), b"\xff\xd8jpeg"]
    body = json.loads(front.sent("POST /v1/jobs")[0].content)
    picture = {"upload": UPLOAD_ID, "goes_with_job": True}
    assert body["input"] == {"pictures": [picture], "mask": picture}
    assert body["params"] == {"operation": "inpaint"}


def test_urls_and_uploads_are_named(run: Run, front: Script) -> None:
    url = "https://shop.example/boot.png"
    result = run(
        "image",
        *("--operation", "interpolate", "--picture", url, "--picture", UPLOAD_ID, "-n", "5", "--sheet"),
        *("--model", "vae-fashion"),
    )
    assert result.exit_code == 0, result.stderr
    body = json.loads(front.sent("POST /v1/jobs")[0].content)
    assert body["input"] == {"pictures": [{"url": url}, {"upload": UPLOAD_ID}]}
    assert body["params"] == {"operation": "interpolate", "n": 5, "sheet": True}


def test_icons_are_asked_for_by_words_of_a_model_that_has_them(run: Run, front: Script) -> None:
    cards = [answers.card("vae-fashion", "image"), answers.card("icons", "image", operations=["icon"])]
    front.on("GET /v1/models", answer({"items": cards}))
    result = run("image", "--operation", "icon", "--words", "a van", "--colour", "#ff0000", "--size", "64")
    assert result.exit_code == 0, result.stderr
    body = json.loads(front.sent("POST /v1/jobs")[0].content)
    assert (body["model"], body["input"]) == ("icons", {"prompt": "a van"})
    assert body["params"] == {"operation": "icon", "colour": "#ff0000", "size": 64}


def test_what_no_model_offers_is_told(run: Run, front: Script) -> None:
    result = run("image", "--operation", "upscale", "--picture", UPLOAD_ID)
    assert result.exit_code == 1
    assert "no model for upscale" in result.stderr


def test_a_file_that_cannot_be_read_posts_nothing(run: Run, front: Script) -> None:
    result = run("image", "--operation", "reconstruct", "--picture", "nowhere.png", "--model", "vae-fashion")
    assert result.exit_code == 1
    assert "nowhere.png" in result.stderr
    assert not front.sent("POST /v1/jobs")


def test_what_is_transparent_lies_on_white_in_a_grid(run: Run, script: Script, home: Path) -> None:
    content = io.BytesIO()
    drawn = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    drawn.putpixel((1, 1), (255, 0, 0, 255))
    drawn.save(content, "PNG")
    pictures = [content.getvalue(), png(9)]
    script.on("GET /v1/models", answer(answers.models()))
    script.on("POST /v1/jobs", answer(answers.image_job(status="queued"), 202))
    script.on(f"GET /v1/jobs/{JOB_ID}/events", lambda _: stream(event("1-2", "end", status="succeeded")))
    script.on(f"GET /v1/jobs/{JOB_ID}", answer(answers.image_job(pictures)))
    for n, each in enumerate(pictures):
        script.on(f"GET /v1/jobs/{JOB_ID}/outputs/{n}", httpx.Response(200, content=each))
    assert run("image", "--grid", "grid.png").exit_code == 0
    with Image.open(home / "grid.png") as grid:
        assert [grid.getpixel(at) for at in ((0, 0), (1, 1), (6, 0))] == [
            (255, 255, 255),
            (255, 0, 0),
            (9, 9, 9),
        ]
