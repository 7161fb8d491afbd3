"""All layers in one node: what it computes is in ``test_decoder_graph``; here, what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.support.kernels import LEVELS, library_for
from tests.support.tiny_gguf import write_tiny_gguf

from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.own_operators import own_graph
from pressroom.engines.base import EngineUnavailable
from pressroom.engines.sessions import Session, open_session

ROOM = 24


@pytest.fixture(scope="module", params=LEVELS)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library_for(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> onnx.ModelProto:
    gguf = write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "m.gguf", architecture="qwen2")
    return own_graph(GgufModel(gguf), 16)


def _layers(model: onnx.ModelProto) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.op_type == "Layers")


def _set(name: str, value: int) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        next(each for each in _layers(model).attribute if each.name == name).i = value

    return change


def _shorten(suffix: str) -> Callable[[onnx.ModelProto], None]:
    """One constant loses its last row, or number."""

    def change(model: onnx.ModelProto) -> None:
        constant = next(each for each in model.graph.initializer if each.name.endswith(suffix))
        constant.CopyFrom(
            onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(constant)[:-1], constant.name)
        )

    return change


def _ask_for(suffix: str, kind: int) -> Callable[[onnx.ModelProto], None]:
    """One constant becomes an input."""

    def change(model: onnx.ModelProto) -> None:
        constant = next(each for each in model.graph.initializer if each.name.endswith(suffix))
        model.graph.input.append(helper.make_tensor_value_info(constant.name, kind, constant.dims))
        model.graph.initializer.remove(constant)

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_set("layers", 0), "no number of layers"),
        (_set("layers", 5000), "no number of layers"),
        (_set("heads", 3), "multiple of kv_heads"),
        (_set("head_width", 64), "do not fit together"),
        (_set("hidden", 7), "do not fit together"),
        (_shorten("blk.1.down.w"), "do not fit together"),
        (_shorten("blk.0.qkv.bias"), "do not fit together"),
        (_shorten("blk.1.ffn_norm.weight"), "do not fit together"),
        (_ask_for("blk.1.gate.w", TensorProto.INT8), "must be constants"),
        (_ask_for("blk.0.attn_norm.weight", TensorProto.FLOAT), "must be constants"),
    ],
)
def test_a_graph_that_does_not_fit_together_is_not_opened(
    library: Path, graph: onnx.ModelProto, change: Callable[[onnx.ModelProto], None], why: str
) -> None:
    changed = onnx.ModelProto()
    changed.CopyFrom(graph)
    change(changed)
    with pytest.raises(EngineUnavailable, match=why):
        open_session(changed.SerializeToString(), "cpu", operators=library)


def _run(session: Session, rows: int, last: list[int], **sizes: tuple[int, ...]) -> np.ndarray:
    feeds: dict[str, np.ndarray] = {
        "tokens": np.full((rows, 1), 5, np.int64),
        "positions": np.zeros((rows, 1), np.int64),
        "lengths": np.array(last, np.int32),
        "longest": np.array(max(last, default=0) + 1, np.int32),
    }
    shapes = {node.name: node.shape for node in session.raw.get_inputs()}
    for name, shape in shapes.items():
        if name.startswith(("keys.", "values.")):
            feeds[name] = np.zeros(sizes.get(name, (rows, shape[1], ROOM, shape[3])), np.int8)
    return session.run({name: feeds[name] for name in shapes})[0]


@pytest.fixture(scope="module")
def session(library: Path, graph: onnx.ModelProto) -> Session:
    return open_session(graph.SerializeToString(), "cpu", 2, operators=library)


@pytest.mark.parametrize("last", [[-1, 3], [3, ROOM], [16, 0]])
def test_a_position_outside_the_cache_or_the_table_of_angles_is_refused(
    session: Session, last: list[int]
) -> None:
    with pytest.raises(Exception, match="A position is outside"):
        _run(session, 2, last)


def test_caches_of_other_sizes_are_refused(session: Session) -> None:
    with pytest.raises(Exception, match="do not fit together"):
        _run(session, 2, [3, 3], **{"values.1": (3, 2, ROOM, 36)})


def test_no_rows_are_no_work(session: Session) -> None:
    assert len(_run(session, 0, [])) == 0


def test_after_a_refusal_it_goes_on(session: Session) -> None:
    good = _run(session, 2, [3, 9])
    with pytest.raises(Exception, match="outside"):
        _run(session, 2, [3, 99])
    np.testing.assert_array_equal(_run(session, 2, [3, 9]), good)
