"""What each weight format costs in quality: perplexity of a fixed text, and how far it is from float32.

    make bench-quality, or python benchmarks/text_quality.py [--variants q8,i8,q4lr] [--peers FOLDER]

The text (``data/quality.txt``) was written for this and is in no model's training. It is read in chunks of 256, as
prompts are. ``divergence`` is the mean Kullback-Leibler divergence from float32 in nats a token, ``same_first`` the
share of positions at which both think the same token the likeliest. As workers run them: with our own kernels. FOLDER is what
``peers/prepare.py`` has made: then it tells the same of the peers' formats. ``mebibytes`` are those of the graph's weights.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from models import default_text_manifest, default_text_model
from numpy.typing import NDArray
from record import record

from pressroom.adapters.models.build import build
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, TextSpec, graph_file, read_text_spec
from pressroom.engines.kernels.library import kernels
from pressroom.engines.sessions import Provider, open_session
from pressroom.engines.text.decoder import CacheForm, cache_form

TEXT = Path(__file__).parent / "data" / "quality.txt"
CHUNK = 256
REFERENCE = "fp32"
GOAL = 1.02
_PERPLEXITY = Path(__file__).with_name("peers") / "perplexity.py"
_PEERS = {"transformers": "hf", "openvino": "openvino", "ctranslate2": "ctranslate2", "genai": "genai"}
Chances = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", default="q8,i8,q4lr")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", type=Path)
    arguments = parser.parse_args()
    tokens = load_tokenizer(default_text_model(REFERENCE) / TOKENIZER_FILE).encode(TEXT.read_text()).ids
    ids = np.array(tokens, np.int64)
    reference = log_chances(REFERENCE, ids, arguments.threads)
    best = perplexity(reference, ids)
    figures = {REFERENCE: {"perplexity": best, "mebibytes": mebibytes(REFERENCE)}}
    for variant in arguments.variants.split(","):
        found = log_chances(variant, ids, arguments.threads)
        figures[variant] = {
            "perplexity": (own := perplexity(found, ids)),
            "times_fp32": round(own / best, 4),
            "divergence": round(float((np.exp(reference) * (reference - found)).sum(-1).mean()), 5),
            "same_first": round(float((found.argmax(-1) == reference.argmax(-1)).mean()), 4),
            "mebibytes": mebibytes(variant),
        }
    peers = {}
    for peer, folder in _PEERS.items() if arguments.peers else ():
        theirs = round(peer_perplexity(peer, arguments.peers, folder, tokens), 3)
        peers[peer] = {"perplexity": theirs, "times_fp32": round(theirs / best, 4)}
    for gguf in sorted(arguments.peers.glob("model-*.gguf")) if arguments.peers else ():
        theirs = perplexity(weights_chances(gguf, ids, arguments.threads), ids)
        name = f"llama.cpp {gguf.stem.removeprefix('model-')}"  # by its weights, in float32
        peers[name] = {"perplexity": theirs, "times_fp32": round(theirs / best, 4)}
    record(
        "text_quality",
        {"tokens": len(ids), "goal_times_fp32": GOAL, "variants": figures, "peers": peers},
    )


def peer_perplexity(kind: str, made: Path, folder: str, ids: list[int]) -> float:
    """As the peer's own environment computes it."""
    command: list[Path | str] = [made / "venv/bin/python", _PERPLEXITY, kind, made / folder]
    done = subprocess.run(command, input=json.dumps(ids), capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told["perplexity"]


def weights_chances(gguf: Path, ids: NDArray[np.int64], threads: int) -> Chances:
    """Those of a file's weights in float32, (S, V): what its format costs, without the rounding of activations."""
    with tempfile.TemporaryDirectory() as folder:
        (scratch := Path(folder, "scratch")).mkdir()
        made = build(GgufModel(gguf), default_text_manifest(), Path(folder), REFERENCE, scratch)
        return chances_of(made, REFERENCE, ids, threads)


def log_chances(variant: str, ids: NDArray[np.int64], threads: int) -> Chances:
    """Of every token at every position of the text, (S, V)."""
    return chances_of(default_text_model(variant), variant, ids, threads)


def chances_of(folder: Path, variant: str, ids: NDArray[np.int64], threads: int) -> Chances:
    """The same for a model that was built in ``folder``."""
    spec = read_text_spec(folder)
    own = kernels() if (folder / graph_file(variant, kernels=True)).is_file() else None
    graph = folder / graph_file(variant, kernels=own is not None)
    session = open_session(graph, Provider.CPU, threads, spinning=True, operators=own)
    cache = _empty(spec, len(ids), cache_form(session))
    found = []
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        end = start + len(chunk)
        feeds: dict[str, NDArray[Any]] = {
            "tokens": chunk[None],
            "positions": np.arange(len(chunk), dtype=np.int64)[None],
            "lengths": np.array([end - 1], np.int32),
            "longest": np.array(end, np.int32),
        }
        outputs = dict(zip(session.outputs, session.run({**feeds, **cache}), strict=True))
        cache = {name: outputs[f"{name}.new"] for name in cache}
        found.append(_log_softmax(outputs["logits"][0].astype(np.float64)))
    return np.concatenate(found)


def perplexity(chances: Chances, ids: NDArray[np.int64]) -> float:
    """exp of the mean negative log chance of each token that follows."""
    return round(float(np.exp(-chances[np.arange(len(ids) - 1), ids[1:]].mean())), 3)


def mebibytes(variant: str) -> float:
    return round((default_text_model(variant) / f"{graph_file(variant)}.data").stat().st_size / 2**20, 1)


def _empty(spec: TextSpec, tokens: int, form: CacheForm) -> dict[str, NDArray[Any]]:
    shape = (1, spec.kv_heads, tokens, form.width)
    names = [f"{part}.{layer}" for layer in range(spec.layers) for part in ("keys", "values")]
    return {name: np.zeros(shape, form.dtype) for name in names}


def _log_softmax(logits: Chances) -> Chances:
    shifted = logits - logits.max(-1, keepdims=True)
    result: Chances = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


if __name__ == "__main__":
    main()
