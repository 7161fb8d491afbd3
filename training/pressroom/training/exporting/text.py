"""A trained language model as a folder of the zoo: its weights as they are published, from which a machine builds what it runs.

model/ ─> graph, held against the weights ─> lighter weights, held against them ─> manifest ─> the folder takes its place
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from safetensors.numpy import load_file, save_file

from pressroom.adapters.models.build import build
from pressroom.adapters.models.hf_weights import FolderModel
from pressroom.adapters.models.opened import opened_folder
from pressroom.adapters.models.original import likeliest, places
from pressroom.adapters.models.recurrent import RecurrentModel
from pressroom.catalog.manifest import GraphTraits, Manifest, TextTraits
from pressroom.catalog.parity import LIMITS
from pressroom.catalog.text_spec import graph_file
from pressroom.engines.text.parity import distance, logits_after
from pressroom.training.exporting.errors import NotServed, ParityBroken, TooFarOff
from pressroom.training.exporting.model import (
    About,
    described,
    making,
    manifest_of,
    shipped_file,
    take_place,
    write_manifest,
)
from pressroom.training.exporting.weights import Weights
from pressroom.training.language.folder import MODEL, SAMPLES

_WEIGHTS = "model.safetensors"
_SHIPPED = ("config.json", _WEIGHTS, "tokenizer.json", "tokenizer_config.json")
_GRAPH = "fp32"
_OF_DECODER, _OF_LSTM = ("q8", "i8", "fp32", "fp16"), ("fp32",)
_TOKENS, TOLERANCE = 32, 1e-4

_MEANINGS = {
    "tokens": "numbers of tokens, to be read on",
    "positions": "places among them behind which logits are wanted",
    "lengths": "tokens that each row has read before",
    "longest": "the most of them",
    "keys": "of a layer's heads, for each place; behind it, what is new",
    "values": "of a layer's heads, for each place; behind it, what is new",
    "hidden": "what each layer tells, in (-1, 1); behind it, what is new",
    "cell": "what each layer remembers; behind it, what is new",
    "logits": "of the next token, in nats up to a constant",
}


def write_text_model(about: About, run: Path, folder: Path, *, weights: Weights) -> Manifest:
    """``run`` is the folder that training left. What lies in ``folder`` is replaced when all gates are passed.

    :raises ParityBroken: the graph that is built of it says something else.
    :raises TooFarOff: with lighter weights it says something else.
    :raises NotServed: such weights are not published, but built.
    :raises UnsupportedModel: training has left no model there.
    """
    if weights == "int8":
        raise NotServed(
            "Weights of 8 bits are what a machine builds of it (i8, q8): export it as fp32 or fp16."
        )
    model = run / MODEL
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        made = Path(place) / folder.name
        made.mkdir()
        for name in _SHIPPED:
            shutil.copyfile(model / name, made / name)
        original = opened_folder(model)
        signal = {}
        if weights == "fp16":
            _halve(made / _WEIGHTS)
            signal["fp16_nats"] = round(_require_near(original, made), 5)
        (made / _WEIGHTS).chmod(0o644)  # which are written for their owner alone
        scratch = Path(place) / "scratch"
        scratch.mkdir()
        manifest = _written(about, original, made, scratch, weights, signal)
        shutil.copyfile(run / SAMPLES, made / SAMPLES)
        take_place(made, folder)
    return manifest


def _written(
    about: About,
    original: FolderModel | RecurrentModel,
    folder: Path,
    scratch: Path,
    weights: Literal["fp32", "fp16"],
    signal: dict[str, float],
) -> Manifest:
    files = tuple(shipped_file(folder / name) for name in _SHIPPED)
    tokens = original.tokenizer()
    variants = _OF_LSTM if isinstance(original, RecurrentModel) else _OF_DECODER
    manifest = manifest_of(
        about,
        files,
        signal,
        kind="text",
        text=TextTraits(context=original.context, chat=tokens.chat_template is not None, variants=variants),
    )
    built = build(original, manifest, scratch, _GRAPH, scratch)
    difference = _require_parity(original, manifest, built)
    path = built / graph_file(_GRAPH)
    graph, opset = _graph(path)
    made = making(about, weights=weights, opset=opset, parity=difference, graphs={"decoder": graph})
    manifest = manifest.model_copy(update={"made": made})
    write_manifest(manifest, about, folder)
    return manifest


def _require_parity(original: FolderModel | RecurrentModel, manifest: Manifest, built: Path) -> float:
    """Largest |graph - weights| / max(1, |weights|) of the logits behind random tokens, read and written. Raises ParityBroken."""
    dice = np.random.default_rng(0)
    vocabulary = original.vocab if isinstance(original, RecurrentModel) else original.geometry.vocab
    tokens: Sequence[int] = dice.integers(0, vocabulary, min(_TOKENS, original.context)).tolist()
    after = range(len(tokens) // 2, len(tokens))
    _, got = logits_after(built, manifest, _GRAPH, tokens, after, threads=1, kernels=False)
    want = original.logits(tokens)[list(after)]
    difference = float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want))))
    if not difference <= TOLERANCE:
        raise ParityBroken(
            f"{graph_file(_GRAPH)} is {difference:.1e} from its weights, {TOLERANCE:g} is allowed."
        )
    return difference


def _halve(path: Path) -> None:
    """Raises TooFarOff for a weight that is beyond what 16 bits reach."""
    for name, each in load_file(path).items():
        if not np.abs(each).max() <= np.finfo(np.float16).max:
            raise TooFarOff(f"{name} has weights that 16 bits do not hold. Export it with more bits.")
    save_file({name: each.astype(np.float16) for name, each in load_file(path).items()}, path)


def _require_near(original: FolderModel | RecurrentModel, folder: Path) -> float:
    """Nats by which log-probabilities are off with the weights in ``folder``, on the mean. Raises TooFarOff."""
    tokens, after = places(original)
    found = distance(likeliest(original, tokens, after), opened_folder(folder).logits(tokens)[list(after)])
    if not found <= LIMITS["fp16"]:
        raise TooFarOff(
            f"With weights of 16 bits it is {found:.3f} nats from what it says with 32; {LIMITS['fp16']} are allowed. "
            "Export it with more bits."
        )
    return found


def _graph(path: Path) -> tuple[GraphTraits, int]:
    model = onnx.load(path, load_external_data=False)
    names = [value.name for value in (*model.graph.input, *model.graph.output)]
    meanings = {name: _MEANINGS[name.partition(".")[0]] for name in names}
    return described(model.graph, meanings), max(
        each.version for each in model.opset_import if not each.domain
    )
