"""What needs no server: the extra that is missing, and how a server's refusals are read."""

import sys

import pytest

from pressroom.adapters.s3 import S3Artifacts
from pressroom.adapters.s3 import store as module
from pressroom.domain.errors import ArtifactsUnavailable


def test_a_missing_extra_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ArtifactsUnavailable, match=r"pip install 'pressroom\[s3\]'"):
        S3Artifacts("bucket")


@pytest.mark.parametrize(
    ("start", "end", "header"), [(0, 1, "bytes=0-0"), (5, 17, "bytes=5-16"), (5, None, "bytes=5-")]
)
def test_an_exclusive_end_becomes_an_inclusive_one(start: int, end: int | None, header: str) -> None:
    assert module._range(start, end) == header


def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with pytest.raises(ArtifactsUnavailable, match="nowhere"):
        S3Artifacts("bucket", endpoint_url="nowhere")
