"""Which stores the settings open, and which they refuse."""

from pathlib import Path
from typing import Any

import pytest

from pressroom.adapters.files import FileArtifacts
from pressroom.adapters.s3 import S3Artifacts
from pressroom.adapters.sql import schema
from pressroom.bootstrap.stores import open_artifacts, open_database, open_job_store, open_key_store
from pressroom.domain.errors import ArtifactsUnavailable
from pressroom.jobs.ports import ApiKey
from pressroom.settings import Settings

POSTGRES = "postgresql+psycopg://user@db/pressroom"
JOB = "job_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"


def _settings(tmp_path: Path, **changes: Any) -> Settings:
    return Settings(home=tmp_path / "home", **changes)


def test_the_default_is_a_folder_in_the_home(tmp_path: Path) -> None:
    artifacts = open_artifacts(_settings(tmp_path))
    assert isinstance(artifacts, FileArtifacts)
    artifacts.put(f"{JOB}/1/0.png", b"x", "image/png")
    assert list((tmp_path / "home" / "artifacts").rglob("0.png"))


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "für bilder %41"
    artifacts = open_artifacts(_settings(tmp_path, artifacts_url=folder.as_uri()))
    artifacts.put(f"{JOB}/1/0.png", b"x", "image/png")
    assert list(folder.rglob("0.png"))


def test_a_folder_is_refused_where_workers_may_be_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ArtifactsUnavailable, match="PRESSROOM_ARTIFACTS_SHARED"):
        open_artifacts(_settings(tmp_path, database_url=POSTGRES))


def test_a_folder_that_is_declared_shared_is_taken(tmp_path: Path) -> None:
    settings = _settings(tmp_path, database_url=POSTGRES, artifacts_shared=True)
    assert isinstance(open_artifacts(settings), FileArtifacts)


def test_a_bucket_is_taken_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    settings = _settings(
        tmp_path,
        database_url=POSTGRES,
        artifacts_url="s3://bucket/some/prefix",
        s3_endpoint_url="http://127.0.0.1:9",
    )
    assert isinstance(open_artifacts(settings), S3Artifacts)


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://host/path", "s3://", "file://otherhost/path", "file:", "/path"]
)
def test_a_url_of_another_kind_is_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(ArtifactsUnavailable, match="looks like"):
        open_artifacts(_settings(tmp_path, artifacts_url=url))


def test_the_stores_of_a_process_share_a_database(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    schema.upgrade(settings.database)
    database = open_database(settings)
    jobs, keys = open_job_store(settings, database), open_key_store(settings, database)
    jobs.check_schema()
    keys.add(ApiKey("k", "acme", "", 1), "f" * 64)
    assert keys.find("k") is not None
    jobs.close()
