"""A torch module becomes an ONNX file with a free batch size."""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim

Arrays = dict[str, NDArray[Any]]

OPSET = 18
MAX_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Graph:
    """A module to export. ``example(rows, generator)`` makes valid inputs whose first size is ``rows``; ``meanings`` say of
    each input and output what its numbers are; ``golden_rows`` of examples travel with the model; the file may be
    ``tolerance`` from the module."""

    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    example: Callable[[int, torch.Generator], tuple[Tensor, ...]]
    meanings: Mapping[str, str] = field(default_factory=dict)
    golden_rows: int = 4
    tolerance: float = 1e-5  # relative to values of size 1; float32 sums of 800 terms differ by about 1e-6

    @torch.no_grad()
    def answers(self, rows: int, generator: torch.Generator) -> tuple[Arrays, Arrays]:
        """Inputs by their names, and what the module itself makes of them."""
        self.module.eval()
        inputs = self.example(rows, generator)
        outputs = self.module(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return _named(self.inputs, inputs), _named(self.outputs, outputs)


def _named(names: tuple[str, ...], tensors: tuple[Tensor, ...]) -> Arrays:
    return {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}


def export(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path`` as one file, weights included, and check it."""
    graph.module.eval()
    batch = Dim("batch", min=1, max=MAX_BATCH)
    arguments = graph.example(2, torch.Generator().manual_seed(0))
    # The exporter's talk about torchvision (not used), about its own deprecated calls, and about several
    # inputs having the same batch size (they must) helps nobody.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "# The axis name", UserWarning)
        program = torch.onnx.export(
            graph.module,
            arguments,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_shapes=tuple({0: batch} for _ in arguments),
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _strip(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    onnx.checker.check_model(str(path), full_check=True)


def _strip(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes: they hold paths of this machine, and would change the file's hash."""
    del model.metadata_props[:]
    model.graph.doc_string = model.doc_string = ""
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    for weights in model.graph.initializer:
        del weights.metadata_props[:]
        weights.doc_string = ""
    del model.graph.metadata_props[:]
