"""Uploads by HTTP: what is taken, what is refused, who sees it."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.support.front import PICTURE, Front, problem


def send(front: Front, body: bytes = PICTURE, content_type: str = "image/png", **options: Any) -> Any:
    return front.call("POST", "/v1/uploads", data=body, content_type=content_type, **options)


def test_a_picture_is_kept_and_comes_back(front: Front) -> None:
    answer = send(front)
    assert answer.status_code == 201
    upload = answer.json
    assert answer.headers["Location"] == f"/v1/uploads/{upload['id']}"
    assert (upload["width"], upload["height"], upload["media_type"]) == (6, 4, "image/png")
    assert upload["expires_at"] > upload["created_at"]
    assert front.call("GET", answer.headers["Location"]).json == upload
    content = front.call("GET", upload["url"])
    assert (content.status_code, content.content_type) == (200, "image/png")
    assert hashlib.sha256(content.data).hexdigest() == upload["sha256"]
    assert len(content.data) == upload["size"]
    with Image.open(io.BytesIO(content.data)) as found, Image.open(io.BytesIO(PICTURE)) as sent:
        assert found.tobytes() == sent.tobytes()
    assert content.headers["X-Content-Type-Options"] == "nosniff"


def test_a_removed_one_is_gone(front: Front) -> None:
    upload = front.upload()
    path = f"/v1/uploads/{upload['id']}"
    assert front.call("DELETE", path).status_code == 204
    for method, suffix in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        problem(front.call(method, path + suffix), 404, "upload_unknown")


@pytest.mark.parametrize(
    "content_type", ["", "image/gif", "image/svg+xml", "application/json", "text/html", "multipart/form-data"]
)
def test_other_types_are_refused(front: Front, content_type: str) -> None:
    problem(send(front, content_type=content_type), 415, "unsupported_media_type")


def test_a_compressed_body_is_refused(front: Front) -> None:
    problem(send(front, headers={"Content-Encoding": "gzip"}), 415, "unsupported_media_type")


@pytest.mark.parametrize("body", [b"", b"no picture", PICTURE[:50]])
def test_what_is_no_picture_is_422_and_leaves_nothing(front: Front, body: bytes) -> None:
    problem(send(front, body), 422, "picture_invalid", "body")
    assert front.artifacts._inner._contents == {}


def test_the_type_that_is_said_opens_no_other_decoder(front: Front) -> None:
    """A PNG that calls itself WebP is decoded as what it is; nothing is trusted that a client says."""
    assert send(front, content_type="image/webp").json["media_type"] == "image/png"


def test_a_large_file_is_413_before_it_is_read(tmp_path: Path) -> None:
    front = Front(tmp_path, max_upload_bytes=2_048)
    problem(send(front, PICTURE + bytes(2_048)), 413, "body_too_large")
    assert send(front).status_code == 201
    front.parts.follower.stop()


def test_uploads_may_be_larger_than_other_bodies_and_other_bodies_may_not(tmp_path: Path) -> None:
    front = Front(tmp_path, max_body_bytes=1_024)
    large = PICTURE + bytes(5_000)
    assert send(front, large).status_code == 201
    problem(front.send(b" " * 5_000), 413, "body_too_large")
    front.parts.follower.stop()


def test_a_picture_of_too_many_pixels_is_422(tmp_path: Path) -> None:
    front = Front(tmp_path)
    buffer = io.BytesIO()
    Image.new("1", (9_000, 1)).save(buffer, "PNG")
    problem(send(front, buffer.getvalue()), 422, "picture_invalid", "body")
    front.parts.follower.stop()


def test_while_the_artifact_store_is_away_nothing_is_half_kept(front: Front) -> None:
    front.artifacts.fail("put", times=1)
    problem(send(front), 503, "artifacts_unavailable")
    assert send(front).status_code == 201
