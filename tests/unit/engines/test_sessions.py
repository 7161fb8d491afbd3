"""Which provider a session gets, with a stand-in for a runtime that has, lacks or loses CUDA."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from pressroom.engines import sessions
from pressroom.engines.base import EngineUnavailable, ProviderUnavailable
from pressroom.engines.sessions import Provider, open_session


def _doubling() -> bytes:
    node = helper.make_node("Add", ["x", "x"], ["y"])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "g", [value("x", TensorProto.FLOAT, [None])], [value("y", TensorProto.FLOAT, [None])]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


class _Runtime:
    """onnxruntime as it looks with the CUDA build; ``given`` is what a session really gets."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, available: list[str], given: list[str] | Exception
    ) -> None:
        self.asked: list[list[str]] = []
        self.given = given
        monkeypatch.setattr("onnxruntime.get_available_providers", lambda: available)
        monkeypatch.setattr("onnxruntime.preload_dlls", lambda: None, raising=False)
        monkeypatch.setattr("onnxruntime.InferenceSession", self.session)

    def session(self, model: object, options: object, providers: list[str]) -> Any:
        self.asked.append(providers)
        if isinstance(self.given, Exception) and sessions._CUDA in providers:
            raise self.given
        given = providers if isinstance(self.given, Exception) else self.given
        return SimpleNamespace(get_providers=lambda: given, get_inputs=list, get_outputs=list)


CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


def test_the_cpu_runs_a_graph() -> None:
    session = open_session(_doubling(), "cpu", 1)
    assert session.provider is Provider.CPU
    assert (session.inputs, session.outputs) == (("x",), ("y",))
    np.testing.assert_array_equal(session.run({"x": np.ones(3, np.float32)})[0], [2, 2, 2])


def test_auto_takes_cuda_where_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    _Runtime(monkeypatch, [CUDA, CPU], [CUDA, CPU])
    assert open_session(b"", "auto").provider is Provider.CUDA


def test_auto_takes_the_cpu_where_cuda_was_silently_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = _Runtime(monkeypatch, [CUDA, CPU], [CPU])
    assert open_session(b"", "auto").provider is Provider.CPU
    assert runtime.asked == [[CUDA, CPU], [CPU]]


@pytest.mark.parametrize(
    ("available", "given", "reason"),
    [
        ([CPU], [CPU], "built without it"),
        ([CUDA, CPU], [CPU], "could not load it"),
        ([CUDA, CPU], RuntimeError("no device"), "no device"),
    ],
)
def test_cuda_that_is_not_there_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, available: list[str], given: list[str] | Exception, reason: str
) -> None:
    _Runtime(monkeypatch, available, given)
    with pytest.raises(ProviderUnavailable, match=reason) as caught:
        open_session(b"", "cuda")
    assert "worker-gpu" in str(caught.value)
    assert open_session(b"", "cuda", allow_cpu_fallback=True).provider is Provider.CPU


def test_the_cpu_is_never_asked_for_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = _Runtime(monkeypatch, [CUDA, CPU], [CUDA, CPU])
    open_session(b"", "cpu")
    assert runtime.asked == [[CPU]]


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(ValueError, match="tpu"):
        open_session(b"", "tpu")


def test_a_broken_model_is_unavailable() -> None:
    with pytest.raises(EngineUnavailable, match="Pull or import"):
        open_session(b"not a graph", "cpu")
