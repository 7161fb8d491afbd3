"""All artifact stores keep the same promises: in memory, in a folder, in a bucket."""

from pathlib import Path
from typing import cast

import pytest

from pressroom.adapters.files import FileArtifacts
from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.domain.errors import OutputUnknown
from pressroom.jobs.ports import ArtifactStore

JOB = "job_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"
OTHER_JOB = "job_0190f3a2b4c57d8e9fa0b1c2d3e4f5a7"
CONTENT = bytes(range(256)) * 3

STRANGE_PATHS = [
    "",
    "/",
    "..",
    "../../etc/passwd",
    f"{JOB}/1/../../../x.png",
    f"{JOB}/1/..",
    f"/{JOB}/1/0.png",
    f"{JOB}/1/0.png/",
    f"{JOB}/0/0.png",
    f"{JOB}/-1/0.png",
    f"{JOB}/1/0",
    f"{JOB}/1/0.PNG",
    f"{JOB}/1/0.png\x00",
    f"{JOB}/1/0.png\n",
    f"{JOB}\\1\\0.png",
    f"{JOB}/١/0.png",
    f"./{JOB}/1/0.png",
    "a" * 65 + "/1/0.png",
]


@pytest.fixture(params=["memory", "files", "s3"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "memory":
        return MemoryArtifacts()
    if request.param == "files":
        return FileArtifacts(tmp_path / "new" / "artifacts")
    from pressroom.adapters.s3 import S3Artifacts

    bucket = cast(str, request.getfixturevalue("s3_bucket"))
    return S3Artifacts(bucket, "some/prefix", endpoint_url=request.getfixturevalue("s3_endpoint"))


def test_bytes_come_back(artifacts: ArtifactStore) -> None:
    artifacts.put(f"{JOB}/1/0.png", CONTENT, "image/png")
    artifacts.put(f"{JOB}/1/1.webp", b"", "image/webp")
    assert artifacts.get(f"{JOB}/1/0.png") == CONTENT
    assert artifacts.get(f"{JOB}/1/1.webp") == b""


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, None),
        (0, 1),
        (5, 17),
        (767, None),
        (767, 768),
        (767, 9_999),
        (768, None),
        (5, 5),
        (9, 5),
        (5_000, 6_000),
    ],
)
def test_a_range_is_a_slice(artifacts: ArtifactStore, start: int, end: int | None) -> None:
    artifacts.put(f"{JOB}/1/0.png", CONTENT, "image/png")
    expected = CONTENT[start:] if end is None else CONTENT[start : max(end, start)]
    assert artifacts.get(f"{JOB}/1/0.png", start, end) == expected


def test_a_second_put_replaces_the_first(artifacts: ArtifactStore) -> None:
    artifacts.put(f"{JOB}/1/0.png", b"first, and longer", "image/png")
    artifacts.put(f"{JOB}/1/0.png", b"second", "image/png")
    assert artifacts.get(f"{JOB}/1/0.png") == b"second"


@pytest.mark.parametrize("span", [(0, None), (3, 5), (4, 4)])
def test_what_is_not_there_is_unknown(artifacts: ArtifactStore, span: tuple[int, int | None]) -> None:
    artifacts.put(f"{JOB}/1/0.png", CONTENT, "image/png")
    for path in (f"{JOB}/1/1.png", f"{JOB}/2/0.png", f"{OTHER_JOB}/1/0.png"):
        with pytest.raises(OutputUnknown):
            artifacts.get(path, *span)


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_a_path_of_another_form_is_refused(artifacts: ArtifactStore, path: str) -> None:
    with pytest.raises(OutputUnknown):
        artifacts.put(path, b"x", "image/png")
    with pytest.raises(OutputUnknown):
        artifacts.get(path)


@pytest.mark.parametrize("job_id", ["", ".", "..", "../..", "a/b", "a\x00", "*", f"{JOB}/"])
def test_a_job_of_another_form_erases_nothing(artifacts: ArtifactStore, job_id: str) -> None:
    artifacts.put(f"{JOB}/1/0.png", CONTENT, "image/png")
    with pytest.raises(OutputUnknown):
        artifacts.erase(job_id)
    assert artifacts.get(f"{JOB}/1/0.png") == CONTENT


def test_erasing_a_job_takes_all_its_attempts_and_nothing_else(artifacts: ArtifactStore) -> None:
    for path in (f"{JOB}/1/0.png", f"{JOB}/2/0.png", f"{JOB}/2/1.png", f"{OTHER_JOB}/1/0.png"):
        artifacts.put(path, b"x", "image/png")
    # An id that begins like another must not take that one along.
    artifacts.put(f"{JOB}0/1/0.png", b"x", "image/png")
    artifacts.erase(JOB)
    artifacts.erase(JOB)
    for path in (f"{JOB}/1/0.png", f"{JOB}/2/1.png"):
        with pytest.raises(OutputUnknown):
            artifacts.get(path)
    assert artifacts.get(f"{OTHER_JOB}/1/0.png") == b"x"
    assert artifacts.get(f"{JOB}0/1/0.png") == b"x"


def test_erasing_superseded_attempts_keeps_the_current_one(artifacts: ArtifactStore) -> None:
    for attempt in (1, 2, 3, 10):
        artifacts.put(f"{JOB}/{attempt}/0.png", b"%d" % attempt, "image/png")
    artifacts.erase(JOB, keep_attempt=3)
    for attempt in (1, 2):
        with pytest.raises(OutputUnknown):
            artifacts.get(f"{JOB}/{attempt}/0.png")
    assert artifacts.get(f"{JOB}/3/0.png") == b"3"
    assert artifacts.get(f"{JOB}/10/0.png") == b"10"


def test_erasing_what_never_was_does_no_harm(artifacts: ArtifactStore) -> None:
    artifacts.erase(JOB)
    artifacts.erase(JOB, keep_attempt=2)


def test_an_erased_job_can_be_written_again(artifacts: ArtifactStore) -> None:
    artifacts.put(f"{JOB}/1/0.png", b"x", "image/png")
    artifacts.erase(JOB)
    artifacts.put(f"{JOB}/2/0.png", b"y", "image/png")
    assert artifacts.get(f"{JOB}/2/0.png") == b"y"


def test_the_store_answers(artifacts: ArtifactStore) -> None:
    artifacts.ping()
