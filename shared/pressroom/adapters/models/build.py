"""Builds a model's folder from its published files: whole, or not at all.

    <models_dir>/<name>/
        manifest.json  tokenizer.json  text.json
        model-<variant>.onnx  model-<variant>.onnx.data
        model-<variant>.kernels.onnx   for workers with kernels of their own; i8 has weights of its own there (.data)
        model-<variant>.built.json     written last; without it the variant does not count as built

Everything is written and fsynced in a scratch folder beside it, then moved in file by file, the
marker last. A marker names the weights' hash and the recipe, so that a changed manifest or a newer
builder builds again, and a cut file is noticed.
"""

from pathlib import Path
from typing import cast

import onnx
from tokenizers import Tokenizer

from pressroom.adapters.models.calibration import TEXT, reach
from pressroom.adapters.models.decoder_graph import decoder_graph
from pressroom.adapters.models.errors import UnknownVariant
from pressroom.adapters.models.matrices import Variant
from pressroom.adapters.models.own_operators import offered, own_graph, use_own_attention
from pressroom.adapters.models.publishing import MANIFEST_FILE, Gate, is_whole, marks, publish
from pressroom.adapters.models.recurrent import MODEL_TYPE, RecurrentModel, recurrent_graph
from pressroom.adapters.models.smoothing import SmoothedModel
from pressroom.adapters.models.tokenizer_parts import TokenizerParts
from pressroom.adapters.models.weights import DecoderSource, Source, Weights
from pressroom.catalog.files import BuiltMarker
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.text_spec import SPEC_FILE, TOKENIZER_FILE, TextSpec, built_file, graph_file

# Grows whenever a build from the same weights comes out different.
RECIPE = 7

# What is for the CPU, but for the reference, whose keys and values are float32.
_WITH_KERNELS = (Variant.Q8, Variant.Q4LR, Variant.I8)

# Rotary tables of the longest contexts would be larger than the weights of a small model.
MAX_POSITIONS = 32_768


def build(
    model: Source,
    manifest: Manifest,
    models_dir: Path,
    variant: str,
    scratch: Path,
    gate: Gate = lambda folder: None,
) -> Path:
    """Build one variant of ``manifest`` from ``model``; the folder it lies in.

    ``scratch`` is an empty folder on the same file system, the caller's to clear. ``gate`` is shown the whole folder
    before anybody else can see it, and raises what speaks against it; it may write files there.

    Raises ``UnknownVariant`` and ``UnsupportedModel`` before anything is written.
    """
    wanted = check_variant(model, variant)
    tokens = model.tokenizer()
    spec = _spec(model, tokens)
    stage = scratch / "build"
    stage.mkdir()
    _save_graphs(model, tokens.tokenizer, wanted, stage)
    tokens.tokenizer.save(str(stage / TOKENIZER_FILE))
    (stage / SPEC_FILE).write_text(spec.model_dump_json(indent=1), encoding="utf-8")
    (stage / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    marker = BuiltMarker(recipe=RECIPE, weights_sha256=manifest.sha256, files=marks(stage))
    mark = stage / built_file(variant)
    mark.write_text(marker.model_dump_json(indent=1), encoding="utf-8")
    gate(stage)
    mark.unlink()
    marker = marker.model_copy(update={"files": {**marks(stage, but=marker.files), **marker.files}})
    return publish(stage, models_dir / manifest.name, marker, built_file(variant))


def _spec(model: Source, tokens: TokenizerParts) -> TextSpec:
    positions = min(model.context, MAX_POSITIONS)
    if isinstance(model, RecurrentModel):
        state = {"state": "recurrent", "architecture": MODEL_TYPE, "vocab": model.vocab}
        sizes = {"layers": len(model.layers), "kv_heads": 1, "head_size": model.width}
    else:
        size = _decoder(model).geometry
        state = {"state": "keys_values", "architecture": size.architecture, "vocab": size.vocab}
        sizes = {"layers": size.layers, "kv_heads": size.kv_heads, "head_size": size.head_size}
    return TextSpec.model_validate(
        {
            **state,
            **sizes,
            "context": positions,
            "pieces": tokens.pieces,
            "add_bos": tokens.add_bos,
            "bos_id": tokens.bos_id,
            "end_ids": tokens.end_ids,
            "control_tokens": tokens.control_tokens,
            "chat_template": tokens.chat_template,
        }
    )


def _decoder(model: Source) -> DecoderSource:
    """What is no recurrent model is a decoder."""
    return cast(DecoderSource, model)


def _save_graphs(model: Source, tokenizer: Tokenizer, variant: Variant, stage: Path) -> None:
    if isinstance(model, RecurrentModel):
        _save_whole(recurrent_graph(model), stage / graph_file(variant))
        return
    positions = min(model.context, MAX_POSITIONS)
    weights = _weights_for(variant, _decoder(model), tokenizer)
    graph = decoder_graph(weights, variant, positions)
    _save_whole(graph, stage / graph_file(variant))
    if variant not in _WITH_KERNELS or not offered(weights.geometry.head_size):
        return
    own = stage / graph_file(variant, kernels=True)
    if variant is Variant.I8:
        _save_whole(own_graph(weights, positions), own)
        return
    use_own_attention(graph)  # the weights are in the other's file by now, and stay there
    onnx.save(graph, own)


def _save_whole(graph: onnx.ModelProto, path: Path) -> None:
    onnx.save(graph, path, save_as_external_data=True, location=f"{path.name}.data")


def _weights_for(variant: Variant, model: Weights, tokenizer: Tokenizer) -> Weights:
    if variant is not Variant.I8:
        return model
    return SmoothedModel(model, reach(model, tokenizer.encode(TEXT).ids))


def is_built(models_dir: Path, manifest: Manifest, variant: str) -> bool:
    """Whether this variant lies there whole, made from the manifest's very weights.

    Sizes are compared here; the hashes are when an engine opens it."""
    return is_whole(models_dir / manifest.name, built_file(variant), (RECIPE, manifest.sha256))


def check_variant(model: Source, variant: str) -> Variant:
    """Raises ``UnknownVariant`` for one that this model is not offered in."""
    wanted = known_variant(variant)
    if isinstance(model, RecurrentModel) and wanted is not Variant.FP32:
        raise UnknownVariant(
            f"An LSTM is built as {Variant.FP32.value!r} only: say --variant {Variant.FP32.value}."
        )
    return wanted


def known_variant(variant: str) -> Variant:
    try:
        return Variant(variant)
    except ValueError:
        raise UnknownVariant(
            f"There is no variant {variant!r}. Choose one of: {', '.join(Variant)}."
        ) from None
