"""Outputs as HTTP has it: ranges, ETags, names."""

import io
import zipfile

import pytest
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front, problem
from tests.support.mini_worker import picture_of


def test_a_picture_has_its_bytes_and_its_names(front: Front) -> None:
    job = front.done(IMAGE_JOB)
    output = job["outputs"][1]
    response = front.call("GET", output["url"])
    assert response.status_code == 200
    assert response.data == picture_of("boot", 4)
    assert response.content_type == output["media_type"] == "image/png"
    assert response.headers["ETag"] == f'"{output["sha256"]}"'
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Disposition"] == f'inline; filename="{job["id"]}-1.png"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_text_is_an_output_too(front: Front) -> None:
    job = front.done()
    response = front.call("GET", job["outputs"][0]["url"])
    assert response.text == job["outputs"][0]["text"]
    assert response.content_type == "text/plain; charset=utf-8"


def test_head_tells_the_length_without_the_bytes(front: Front) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("HEAD", output["url"])
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Length"] == str(output["size"])


@pytest.mark.parametrize("etag", ['"{}"', 'W/"{}"', "*", '"other", "{}"'])
def test_what_one_has_already_is_304(front: Front, etag: str) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"If-None-Match": etag.format(output["sha256"])})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"]


def test_another_etag_gets_the_bytes(front: Front) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    assert front.call("GET", output["url"], headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("5-9", 5, 10), ("10-", 10, None), ("-7", -7, None), ("0-999999", 0, None)],
)
def test_a_range_is_206(front: Front, asked: str, start: int, end: int | None) -> None:
    whole = picture_of("boot", 4)
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"Range": f"bytes={asked}"})
    part = whole[start:end]
    first = start if start >= 0 else len(whole) + start
    assert (response.status_code, response.data) == (206, part)
    assert response.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
    assert response.headers["Content-Length"] == str(len(part))


@pytest.mark.parametrize("asked", ["999999-", "999999-9999999"])
def test_a_range_outside_is_416(front: Front, asked: str) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"Range": f"bytes={asked}"})
    problem(response, 416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{output['size']}"


@pytest.mark.parametrize(
    "asked", ["bytes=x", "bytes=5-1", "lines=1-2", "bytes=0-1,4-5", "bytes=", "bytes=--1", ""]
)
def test_a_range_that_cannot_be_read_is_passed_over(front: Front, asked: str) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    response = front.call("GET", output["url"], headers={"Range": asked})
    assert (response.status_code, len(response.data)) == (200, output["size"])


def test_if_range_guards_the_version(front: Front) -> None:
    output = front.done(IMAGE_JOB)["outputs"][0]
    asked = {"Range": "bytes=0-3"}
    same = front.call("GET", output["url"], headers={**asked, "If-Range": f'"{output["sha256"]}"'})
    other = front.call("GET", output["url"], headers={**asked, "If-Range": '"other"'})
    date = front.call("GET", output["url"], headers={**asked, "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert (same.status_code, other.status_code, date.status_code) == (206, 200, 200)


@pytest.mark.parametrize("n", ["2", "99999999999999999999"])
def test_an_output_that_is_not_there_is_404(front: Front, n: str) -> None:
    problem(front.call("GET", f"/v1/jobs/{front.done(IMAGE_JOB)['id']}/outputs/{n}"), 404, "output_unknown")


@pytest.mark.parametrize("n", ["-1", "x", "1.5", ""])
def test_an_output_is_named_by_a_number(front: Front, n: str) -> None:
    problem(front.call("GET", f"/v1/jobs/{front.done(IMAGE_JOB)['id']}/outputs/{n}"), 404, "not_found")


def test_all_outputs_come_as_one_archive(front: Front) -> None:
    for body in (IMAGE_JOB, TEXT_JOB):
        job = front.done(body)
        response = front.call("GET", f"/v1/jobs/{job['id']}/archive")
        assert (response.status_code, response.content_type) == (200, "application/zip")
        assert response.headers["Content-Disposition"] == f'attachment; filename="{job["id"]}.zip"'
        with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
            assert archive.testzip() is None
            for output, name in zip(job["outputs"], archive.namelist(), strict=True):
                alone = front.call("GET", output["url"])
                assert f'filename="{name}"' in alone.headers["Content-Disposition"]
                assert archive.read(name) == alone.data
        assert front.call("GET", f"/v1/jobs/{job['id']}/archive").data == response.data


def test_what_has_no_outputs_has_no_archive(front: Front) -> None:
    job_id = front.post().json["id"]
    problem(front.call("GET", f"/v1/jobs/{job_id}/archive"), 404, "output_unknown")
    problem(front.call("GET", f"/v1/jobs/{job_id}/archive", key=front.other_key()), 404, "job_unknown")


def test_an_archive_whose_bytes_are_gone_is_told_before_it_begins(front: Front) -> None:
    job = front.done(IMAGE_JOB)
    front.artifacts.erase(job["id"])
    problem(front.call("GET", f"/v1/jobs/{job['id']}/archive"), 404, "output_unknown")
