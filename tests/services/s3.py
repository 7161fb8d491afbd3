"""An S3 server on a free port, from the package moto: one a session, one fresh bucket a test."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from tests.services.absent import missing

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Address of the server; skips where the package is not installed."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        missing("S3", f"moto's server is not installed ({error})")
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What boto3 reads from the environment; the server takes any."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def s3_bucket(s3_endpoint: str, s3_credentials: None) -> str:
    """Name of a new, empty bucket."""
    import boto3

    client: Any = boto3.session.Session().client("s3", endpoint_url=s3_endpoint)
    name = f"artifacts-{next(_NUMBERS)}"
    client.create_bucket(Bucket=name)
    client.close()
    return name
