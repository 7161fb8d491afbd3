"""What is done with pictures, by the shipped models in real processes: uploaded, posted, worked on, fetched, erased."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.acceptance.press import Press, press
from tests.acceptance.processes import until

from pressroom.client import Client, OutputRef, Picture
from pressroom.contract.jobs import JobView

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]

WAIT_S = 60


@pytest.fixture
def whole(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    """On either database: a front, a relay and a real picture worker with the whole zoo."""
    with press(database_url, redis_url, tmp_path, engine="real", image_gather_ms=1) as made:
        made.processes.worker(pool="image")
        made.processes.relay()
        made.front()
        yield made


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _shirt(side: int = 56) -> NDArray[np.uint8]:
    """A light T-shirt on black, with a print that no model has seen."""
    picture = np.zeros((side, side), np.uint8)
    at = side // 28
    picture[4 * at : 26 * at, 8 * at : 20 * at] = 200
    picture[4 * at : 11 * at, 3 * at : 25 * at] = 180
    picture[14 * at : 16 * at, 11 * at : 17 * at] = 20
    return picture


def _icon() -> NDArray[np.uint8]:
    """A red disc in a square of paper."""
    y, x = np.mgrid[:90, :120]
    picture = np.full((90, 120, 3), 255, np.uint8)
    picture[(x - 60) ** 2 + (y - 45) ** 2 < 30**2] = (220, 30, 40)
    return picture


def _pixels(client: Client, job: JobView) -> list[NDArray[np.uint8]]:
    found = []
    for output in job.outputs:
        with Image.open(io.BytesIO(client.output(job, output.n))) as picture:
            assert picture.size == (output.width, output.height)
            found.append(np.asarray(picture))
    return found


def _done(client: Client, model: str, *pictures: Picture, **more: Any) -> JobView:
    return client.image(model=model, pictures=pictures, timeout_s=WAIT_S, **more)


def test_a_variation_of_no_strength_is_the_very_picture_and_others_are_like_it(whole: Press) -> None:
    client = whole.client()
    shirt = _shirt()
    upload = Picture(upload=client.upload(_png(shirt)).id)
    same = _done(client, "vae-fashion", upload, operation="variation", strength=0, n=2)
    assert all(np.array_equal(pixels, shirt) for pixels in _pixels(client, same))
    assert {output.origin for output in same.outputs} == {"generated"}
    others = _pixels(
        client, _done(client, "vae-fashion", upload, operation="variation", strength=0.7, n=3, seed=1)
    )
    again = _pixels(
        client, _done(client, "vae-fashion", upload, operation="variation", strength=0.7, n=3, seed=1)
    )
    assert all(np.array_equal(one, two) for one, two in zip(others, again, strict=True))
    for pixels in others:
        assert pixels.shape == shirt.shape
        assert 2 < np.abs(pixels.astype(int) - shirt).mean() < 60


def test_every_other_operation_of_a_latent_model(whole: Press) -> None:
    client = whole.client()
    shirt, mask = _shirt(), np.zeros((56, 56), np.uint8)
    mask[20:40, 16:40] = 255
    given = Picture(upload=client.upload(_png(shirt)).id)
    seen = _done(client, "vae-fashion", given, operation="reconstruct", scale=2)
    assert [pixels.shape for pixels in _pixels(client, seen)] == [(56, 56)]
    drawn = _done(client, "vae-fashion", label="trouser", truncation=0.5)
    way = _done(
        client,
        "vae-fashion",
        given,
        Picture(output=OutputRef(job=drawn.id)),
        operation="interpolate",
        n=6,
        sheet=True,
    )
    assert [pixels.shape for pixels in _pixels(client, way)] == [(2 * 116 + 4, 3 * 116 + 4, 3)]
    lighter, darker = (
        _pixels(
            client,
            _done(client, "vae-fashion", given, operation="edit", attribute="light", strength=strength),
        )[0]
        for strength in (2, -2)
    )
    assert lighter.mean() > shirt.mean() + 3 > shirt.mean() - 3 > darker.mean()
    painted = _done(
        client,
        "vae-fashion",
        given,
        mask=Picture(upload=client.upload(_png(mask)).id),
        operation="inpaint",
        n=2,
    )
    for pixels in _pixels(client, painted):
        assert np.array_equal(pixels[mask == 0], shirt[mask == 0])
        assert not np.array_equal(pixels, shirt)


def test_icons_are_varied_recoloured_enlarged_and_found(whole: Press) -> None:
    client = whole.client()
    icon = _icon()
    given = Picture(upload=client.upload(_png(icon)).id)
    same = _done(client, "icons64", given, operation="variation", strength=0)
    assert np.array_equal(_pixels(client, same)[0], icon)
    bluer = _pixels(client, _done(client, "icons64", given, operation="edit", attribute="blue", strength=3))[
        0
    ]
    assert bluer[..., 2].mean() - bluer[..., 0].mean() > icon[..., 2].mean() - icon[..., 0].mean() + 2
    large = _pixels(client, _done(client, "upscale-x4", given))[0]
    assert large.shape == (360, 480, 3)
    small = np.asarray(Image.fromarray(large).resize((120, 90), Image.Resampling.BOX)).astype(int)
    assert np.abs(small - icon).mean() < 4
    found = client.image(
        model="icons", words="delivery van", colour="#336699", size=48, format="svg", n=3, timeout_s=WAIT_S
    )
    assert {output.origin for output in found.outputs} == {"retrieved"}
    assert all(output.label and ":" in output.label for output in found.outputs)
    documents = [client.output(found, output.n).decode() for output in found.outputs]
    assert all("#336699" in each and 'width="48"' in each for each in documents)
    pixels = _pixels(client, client.image(model="icons", words="heart", timeout_s=WAIT_S))[0]
    assert pixels.shape == (256, 256, 4)
    assert pixels[..., 3].any()


def test_words_that_nothing_is_called_by_end_the_job_with_its_reason(whole: Press) -> None:
    answer = whole.post({"model": "icons", "input": {"prompt": "qwertzuiop"}})
    job = whole.client().wait(answer.json()["id"], WAIT_S)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "not_offered"


def test_a_picture_that_is_removed_before_its_job_runs_ends_it(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    with press(sqlite_url, redis_url, tmp_path, engine="real", image_gather_ms=1) as made:
        made.processes.relay()
        made.front()
        client = made.client()
        upload = client.upload(_png(_shirt()))
        body = {
            "model": "vae-fashion",
            "input": {"pictures": [{"upload": upload.id}]},
            "params": {"operation": "variation"},
        }
        job_id = made.post(body).json()["id"]
        assert made.http().delete(f"/v1/uploads/{upload.id}").status_code == 204
        made.processes.worker(pool="image")
        job = client.wait(job_id, WAIT_S)
        assert (job.status, job.error and job.error.code) == ("failed", "picture_gone")


def test_a_killed_workers_picture_job_is_done_by_the_next_one(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    """What it works on is there for every attempt."""
    with press(sqlite_url, redis_url, tmp_path, engine="real", image_gather_ms=1, lease_s=2) as made:
        made.processes.relay()
        made.front()
        first = made.processes.worker("first", pool="image")
        client = made.client()
        mask = np.full((56, 56), 255, np.uint8)
        request: dict[str, Any] = {
            "model": "vae-fashion",
            "input": {
                "pictures": [{"upload": client.upload(_png(_shirt())).id, "goes_with_job": True}],
                "mask": {"upload": client.upload(_png(mask)).id, "goes_with_job": True},
            },
            "params": {"operation": "inpaint", "n": 256},
        }
        job_id = made.post(request).json()["id"]
        running = "SELECT count(*) FROM job WHERE id = :id AND state = 'running'"
        until(lambda: made.rows(running, id=job_id) == 1, "it runs")
        first.kill()
        made.processes.worker("second", pool="image")
        job = client.wait(job_id, WAIT_S)
        assert (job.status, len(job.outputs)) == ("succeeded", 256)
        assert job.attempt >= 2
        client.erase(job_id)
        for picture in (request["input"]["pictures"][0], request["input"]["mask"]):
            assert made.http().get(f"/v1/uploads/{picture['upload']}").status_code == 404


def test_the_command_line_works_on_files(whole: Press, tmp_path: Path) -> None:
    shirt = tmp_path / "shirt.png"
    shirt.write_bytes(_png(_shirt()))
    command = [sys.executable, "-m", "pressroom.cli.main", "image", "--operation", "variation"]
    options = [
        "--picture",
        str(shirt),
        "--strength",
        "0",
        "--model",
        "vae-fashion",
        "--out",
        str(tmp_path / "out"),
    ]
    environment = {"PRESSROOM_URL": whole.url, "PRESSROOM_API_KEY": whole.key(), "HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, *options],
        env=environment | _path(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (made,) = done.stdout.split()
    with Image.open(made) as picture:
        assert np.array_equal(np.asarray(picture), _shirt())


def _path() -> dict[str, str]:
    import os

    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}


def test_jobs_tell_their_pictures(whole: Press) -> None:
    job = whole.client().image(
        model="vae-fashion",
        pictures=[Picture(base64=_base64(_png(_shirt())))],
        operation="reconstruct",
        timeout_s=WAIT_S,
    )
    told = json.loads(job.model_dump_json())
    assert told["input"]["pictures"][0]["upload"].startswith("upl_")
    assert told["params"]["operation"] == "reconstruct"


def _base64(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode()
