"""Many outputs in one artifact: each is read as if it lay alone, by whole or by range."""

import hashlib

import pytest

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryResultCache
from pressroom.domain.errors import OutputUnknown
from pressroom.domain.job import Output
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.packs import LEAST, Content, packed, piece_of

JOB = "job_" + "1" * 32


def _made(count: int) -> tuple[list[Content], list[Output]]:
    contents = [Content(f"{JOB}/2/{n}.png", bytes([n]) * (n % 5), "image/png") for n in range(count)]
    outputs = [
        Output(
            n, "image/png", len(each.data), hashlib.sha256(each.data).hexdigest(), "done", artifact=each.path
        )
        for n, each in enumerate(contents)
    ]
    return contents, outputs


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
def test_a_few_lie_alone(count: int) -> None:
    contents, outputs = _made(count)
    assert packed(contents, outputs) == (tuple(contents), tuple(outputs))


@pytest.mark.parametrize("count", [LEAST, 256])
def test_many_are_one_artifact_and_each_is_read_as_if_it_lay_alone(count: int) -> None:
    contents, outputs = _made(count)
    (pack,), named = packed(contents, outputs)
    assert pack.path == f"{JOB}/2/0.pack"
    store = MemoryArtifacts()
    store.put(pack.path, pack.data, pack.media_type)
    fetcher = Fetcher(MemoryJobStore(), MemoryResultCache(), store)
    for output, content in zip(named, contents, strict=True):
        assert fetcher.content(output) == content.data
        assert hashlib.sha256(fetcher.content(output)).hexdigest() == output.sha256
        for start in range(len(content.data) + 2):
            for end in (None, *range(start, len(content.data) + 3)):
                assert fetcher.content(output, start, end) == content.data[start:end]


def test_texts_beside_pictures_stay_where_they_are() -> None:
    contents, outputs = _made(LEAST)
    text = Output(9, "text/plain", 2, "", "stop", text="hi")
    _, named = packed(contents, [*outputs, text])
    assert named[-1] == text


@pytest.mark.parametrize(
    "artifact", ["a/1/0.pack:", "a/1/0.pack:5", "a/1/0.pack:5-4", "a/1/0.pack:-1-4", "a:b-c"]
)
def test_what_names_no_piece_is_unknown(artifact: str) -> None:
    with pytest.raises(OutputUnknown):
        piece_of(artifact)
