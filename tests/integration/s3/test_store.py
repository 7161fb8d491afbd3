"""A bucket over a real socket: what the store does when the server does not."""

import socket
from typing import Any

import pytest

from pressroom.adapters.s3 import S3Artifacts
from pressroom.adapters.s3 import store as module
from pressroom.domain.errors import ArtifactsUnavailable, OutputUnknown

JOB = "job_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"


def _object(artifacts: S3Artifacts, bucket: str, key: str) -> Any:
    return artifacts._client.get_object(Bucket=bucket, Key=key)


def test_an_object_lies_under_the_prefix_with_its_media_type(s3_bucket: str, s3_endpoint: str) -> None:
    artifacts = S3Artifacts(s3_bucket, "/deep/prefix/", endpoint_url=s3_endpoint)
    artifacts.put(f"{JOB}/1/0.webp", b"x", "image/webp")
    assert _object(artifacts, s3_bucket, f"deep/prefix/{JOB}/1/0.webp")["ContentType"] == "image/webp"
    assert S3Artifacts(s3_bucket, "deep/prefix", endpoint_url=s3_endpoint).get(f"{JOB}/1/0.webp") == b"x"
    with pytest.raises(OutputUnknown):
        S3Artifacts(s3_bucket, endpoint_url=s3_endpoint).get(f"{JOB}/1/0.webp")


def test_a_missing_bucket_is_told(s3_endpoint: str, s3_credentials: None) -> None:
    artifacts = S3Artifacts("no-such-bucket", endpoint_url=s3_endpoint)
    for call in (
        artifacts.ping,
        lambda: artifacts.put(f"{JOB}/1/0.png", b"x", "image/png"),
        lambda: artifacts.get(f"{JOB}/1/0.png"),
        lambda: artifacts.erase(JOB),
    ):
        with pytest.raises(ArtifactsUnavailable) as told:
            call()
        assert told.value.retry_after_s


def test_a_server_that_is_away_is_told(s3_credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIES", 1)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        artifacts = S3Artifacts("bucket", endpoint_url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        for call in (artifacts.ping, lambda: artifacts.get(f"{JOB}/1/0.png"), lambda: artifacts.erase(JOB)):
            with pytest.raises(ArtifactsUnavailable):
                call()


def test_missing_credentials_are_told(
    s3_endpoint: str, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    artifacts = S3Artifacts(s3_bucket, endpoint_url=s3_endpoint)
    with pytest.raises(ArtifactsUnavailable, match="credentials"):
        artifacts.put(f"{JOB}/1/0.png", b"x", "image/png")


def test_a_long_list_is_erased_in_pieces(
    s3_bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    artifacts = S3Artifacts(s3_bucket, endpoint_url=s3_endpoint)
    for n in range(8):
        artifacts.put(f"{JOB}/1/{n}.png", b"x", "image/png")
    artifacts.erase(JOB)
    for n in range(8):
        with pytest.raises(OutputUnknown):
            artifacts.get(f"{JOB}/1/{n}.png")


def test_an_object_that_is_not_erased_is_told(
    s3_bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = S3Artifacts(s3_bucket, endpoint_url=s3_endpoint)
    artifacts.put(f"{JOB}/1/0.png", b"x", "image/png")
    refusal = {"Errors": [{"Key": "x", "Code": "AccessDenied"}]}
    monkeypatch.setattr(artifacts._client, "delete_objects", lambda **_: refusal)
    with pytest.raises(ArtifactsUnavailable, match="AccessDenied"):
        artifacts.erase(JOB)
