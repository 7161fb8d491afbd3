"""Which variant goes on which device, without a GPU: a stand-in says what it was asked to open."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_gguf
from tests.support.tiny_model import tiny_manifest

from pressroom.catalog.files import BuiltMarker, FileMark
from pressroom.domain.errors import ModelCorrupt
from pressroom.engines.base import EngineUnavailable, ProviderUnavailable
from pressroom.engines.sessions import Provider, Session
from pressroom.engines.text import variants
from pressroom.engines.text.variants import Request, open_variant

Open = Callable[..., tuple[str, str]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graphs: list[tuple[str, Path | None]]) -> Open:
    """``opened(variant, provider, built=…, gpu=…, fallback=…)`` gives the variant and the device."""
    manifest = tiny_manifest(write_tiny_gguf(tmp_path / "m.gguf"), "q8", "fp16")

    def run(
        variant: str | None,
        provider: str,
        *,
        built: tuple[str, ...] = ("q8", "fp16"),
        gpu: bool = True,
        fallback: bool = False,
        own: bool = True,
    ) -> tuple[str, str]:
        def open_session(
            path: Path, wanted: Provider, threads: int, *, spinning: bool, operators: Path | None = None
        ) -> Session:
            if wanted is Provider.CUDA and not gpu:
                raise ProviderUnavailable("no GPU")
            return Session((path.name, operators), wanted, (), ())

        monkeypatch.setattr(variants, "open_session", open_session)
        monkeypatch.setattr(variants, "offers_cuda", lambda: gpu)
        for name in built:
            graph = tmp_path / f"model-{name}.onnx"
            graph.write_text("a graph")
            marker = BuiltMarker(recipe=1, weights_sha256="a" * 64, files={graph.name: FileMark.of(graph)})
            (tmp_path / f"model-{name}.built.json").write_text(marker.model_dump_json())
        request = Request(variant, Provider(provider), fallback, 1, False, own)
        chosen, session = open_variant(tmp_path, manifest, request)
        graphs.append(session.raw)
        return chosen, session.provider.value

    return run


@pytest.fixture
def graphs() -> list[tuple[str, Path | None]]:
    """What was opened: the graph's file, and the library of operators with it."""
    return []


def test_a_graph_that_is_not_the_builds_is_never_opened(opened: Open, tmp_path: Path) -> None:
    opened("q8", "cpu")
    (tmp_path / "model-q8.onnx").write_text("another")
    with pytest.raises(ModelCorrupt, match=r"model-q8\.onnx"):
        opened("q8", "cpu", built=())


@pytest.mark.parametrize(
    ("variant", "provider", "gpu", "expected"),
    [
        (None, "cpu", True, ("q8", "cpu")),
        ("fp16", "cpu", True, ("fp16", "cpu")),
        (None, "auto", True, ("fp16", "cuda")),
        (None, "auto", False, ("q8", "cpu")),
        ("q8", "auto", True, ("q8", "cpu")),
        ("fp16", "auto", False, ("fp16", "cpu")),
        (None, "cuda", True, ("fp16", "cuda")),
    ],
)
def test_the_device_and_the_variant_fit(
    opened: Open, variant: str | None, provider: str, gpu: bool, expected: tuple[str, str]
) -> None:
    assert opened(variant, provider, gpu=gpu) == expected


def test_auto_stays_on_the_cpu_where_nothing_is_built_for_cuda(opened: Open) -> None:
    assert opened(None, "auto", built=("q8",)) == ("q8", "cpu")


def test_cuda_without_a_gpu_is_an_error_unless_the_cpu_may_stand_in(opened: Open) -> None:
    with pytest.raises(ProviderUnavailable):
        opened(None, "cuda", gpu=False, built=("q8",))
    assert opened(None, "cuda", gpu=False, built=("q8",), fallback=True) == ("q8", "cpu")


def test_cuda_without_its_variant_says_how_to_get_it(opened: Open) -> None:
    with pytest.raises(EngineUnavailable, match="--variant fp16"):
        opened(None, "cuda", built=("q8",))


@pytest.mark.parametrize("exact", [True, False])
def test_integers_are_trusted_only_where_their_sums_are_exact(
    opened: Open, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    monkeypatch.setattr(variants, "sums_exactly", lambda: exact)
    if exact:
        assert opened("i8", "cpu", built=("i8",)) == ("i8", "cpu")
    else:
        with pytest.raises(EngineUnavailable, match="our own kernels, or a processor with VNNI"):
            opened("i8", "cpu", built=("i8",))
    assert opened("q8", "cpu") == ("q8", "cpu")


OWN = Path("/kernels.so")


@pytest.mark.parametrize(
    ("library", "own", "built", "expected"),
    [
        (OWN, True, True, ("model-q8.kernels.onnx", OWN)),
        (OWN, True, False, ("model-q8.onnx", None)),
        (OWN, False, True, ("model-q8.onnx", None)),
        (None, True, True, ("model-q8.onnx", None)),
    ],
)
def test_our_own_kernels_are_used_where_all_of_them_is_there(
    opened: Open,
    graphs: list[tuple[str, Path | None]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    library: Path | None,
    own: bool,
    built: bool,
    expected: tuple[str, Path | None],
) -> None:
    monkeypatch.setattr(variants, "kernels", lambda: library)
    if built:
        (tmp_path / "model-q8.kernels.onnx").write_text("a graph")
    opened("q8", "cpu", own=own)
    assert graphs == [expected]


def test_a_gpu_has_its_own_kernels(
    opened: Open, graphs: list[tuple[str, Path | None]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(variants, "kernels", lambda: OWN)
    (tmp_path / "model-fp16.kernels.onnx").write_text("a graph")
    opened(None, "cuda")
    assert graphs == [("model-fp16.onnx", None)]


def test_a_cpu_variant_cannot_be_forced_onto_cuda(opened: Open) -> None:
    with pytest.raises(EngineUnavailable, match="'q8' runs on the CPU only"):
        opened("q8", "cuda")
