"""``S3Artifacts``: the port ``ArtifactStore`` over a bucket.

Needs the extra ``s3`` (boto3), which is loaded when the store is opened. Credentials and region come
from where boto3 looks for them. A put of one object is whole or not at all by S3's own promise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pressroom.adapters.artifact_paths import check_job, not_there, parts_of
from pressroom.domain.errors import ArtifactsUnavailable

_CONNECT_S = 5
_READ_S = 30
_TRIES = 3
# The most that one DeleteObjects takes.
_AT_ONCE = 1_000
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_OUT_OF_RANGE = frozenset({"InvalidRange", "416"})


class S3Artifacts:
    """Outputs' bytes in ``bucket`` under ``prefix``. Thread-safe.

    ``endpoint_url`` is the address of an S3-compatible server; empty is AWS. Raises
    ArtifactsUnavailable where the extra ``s3`` is not installed."""

    def __init__(self, bucket: str, prefix: str = "", *, endpoint_url: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._client = _client(endpoint_url)

    def put(self, path: str, content: bytes, media_type: str) -> None:
        parts_of(path)
        with _translated():
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + path, Body=content, ContentType=media_type
            )

    def get(self, path: str, start: int = 0, end: int | None = None) -> bytes:
        parts_of(path)
        first = max(start, 0)
        if end is not None and end <= first:
            self._check_there(path)
            return b""
        wanted = {} if (first, end) == (0, None) else {"Range": _range(first, end)}
        with _translated(path):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + path, **wanted)
                content: bytes = answer["Body"].read()
            except self._client.exceptions.ClientError as error:
                if _code(error) in _OUT_OF_RANGE:
                    return b""
                raise
        return content

    def erase(self, job_id: str, *, keep_attempt: int | None = None) -> None:
        check_job(job_id)
        with _translated():
            doomed = [
                {"Key": key}
                for key in self._keys(job_id)
                if keep_attempt is None or parts_of(key.removeprefix(self._prefix))[1] < keep_attempt
            ]
            for at in range(0, len(doomed), _AT_ONCE):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": doomed[at : at + _AT_ONCE], "Quiet": True}
                )
                if answer.get("Errors"):
                    raise _unavailable(str(answer["Errors"][0].get("Code", "not erased")))

    def ping(self) -> None:
        """Raises ArtifactsUnavailable unless the bucket can be reached."""
        with _translated():
            self._client.head_bucket(Bucket=self._bucket)

    def _check_there(self, path: str) -> None:
        with _translated(path):
            self._client.head_object(Bucket=self._bucket, Key=self._prefix + path)

    def _keys(self, job_id: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{job_id}/"
        )
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"]


def _client(endpoint_url: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ArtifactsUnavailable(
            "Artifacts in S3 need boto3. Install it: pip install 'pressroom[s3]'."
        ) from error
    config = Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"max_attempts": _TRIES, "mode": "standard"},
        # Servers other than AWS rarely have a name for each bucket.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
    )
    # A session of its own: the default one of boto3 is shared by everything in the process.
    try:
        return boto3.session.Session().client("s3", endpoint_url=endpoint_url or None, config=config)
    except (BotoCoreError, ValueError) as error:
        raise _unavailable(str(error)) from error


@contextmanager
def _translated(path: str | None = None) -> Iterator[None]:
    """Raise Pressroom's errors in place of botocore's; ``path`` is what a missing key is told as."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        if path is not None and _code(error) in _ABSENT:
            raise not_there(path) from None
        raise _unavailable(_code(error)) from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        raise _unavailable(type(error).__name__) from error


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _range(start: int, end: int | None) -> str:
    return f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"


def _unavailable(reason: str) -> ArtifactsUnavailable:
    return ArtifactsUnavailable(
        f"The S3 store did not answer as it should ({reason}). Look at its address, bucket and credentials.",
        retry_after_s=5,
    )
