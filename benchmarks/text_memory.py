"""What the text engine's process takes while it works: against a bare session of the same graph, and whether it grows.

    make bench-text-memory, or python benchmarks/text_memory.py [--requests 10000] [--variant i8] [--prefix-bytes 0]

Each in a process of its own: first a bare ONNX Runtime session that has read one prompt, then the engine, which makes that
many texts of 8 tokens with 32 slots, a different prompt each. The resident set is noted ten times on the way. Prefixes have a
budget of their own, and are not kept here unless ``--prefix-bytes`` says so. The goal: at most the bare session, the keys and values that were touched, and 200 MB; and flat.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

import numpy as np
import psutil
from models import default_text_model
from record import record

from pressroom.catalog.manifest import Manifest
from pressroom.catalog.text_spec import read_text_spec
from pressroom.contract.params import TextParams
from pressroom.engines.base import Ending, Key, TextGeneration
from pressroom.engines.sessions import Provider
from pressroom.engines.text.decoder import cache_form
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.state import open_state
from pressroom.engines.text.variants import Request, open_variant

SLOTS, TOKENS, PROMPT_WORDS = 32, 8, 12
_ALLOWED_MB = 200.0
_WORDS = [
    "lamp",
    "oak",
    "garden",
    "bright",
    "the",
    "a",
    "wool",
    "small",
    "of",
    "kitchen",
    "blue",
    "and",
    "mirror",
    "linen",
    "cup",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--variant", default="i8")
    parser.add_argument("--prefix-bytes", type=int, default=0)
    parser.add_argument("--part", choices=["bare", "engine"])
    arguments = parser.parse_args()
    if arguments.part:
        told = _bare(arguments.variant) if arguments.part == "bare" else _engine(arguments)
        print(json.dumps(told))
        return
    bare, engine = (_in_a_process(part, arguments) for part in ("bare", "engine"))
    spec = read_text_spec(default_text_model(arguments.variant))
    touched = SLOTS * spec.row_bytes(engine["longest_row"], bare["head_bytes"]) / 1e6
    allowed = bare["rss_mb"] + touched + _ALLOWED_MB
    first, last = engine["rss_mb"][0], engine["rss_mb"][-1]
    record(
        "text_memory",
        {
            "variant": arguments.variant,
            "requests": arguments.requests,
            "prefix_bytes": arguments.prefix_bytes,
            "tokens_each": TOKENS,
            "slots": SLOTS,
            "bare_session_mb": bare["rss_mb"],
            **engine,
            "touched_kv_mb": round(touched, 1),
            "allowed_mb": round(allowed, 1),
            "grown_mb": round(last - first, 1),
            "met": max(engine["rss_mb"]) <= allowed,
        },
    )


def _in_a_process(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", part, "--variant", arguments.variant]
    command += ["--requests", str(arguments.requests), "--prefix-bytes", str(arguments.prefix_bytes)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def _bare(variant: str) -> dict[str, Any]:
    """The session with one row, after a prompt and a step."""
    folder = default_text_model(variant)
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    _, session = open_variant(folder, manifest, Request(variant, Provider.CPU, False, 2, False))
    state = open_state(session, read_text_spec(folder), 1, 64)
    state.prefill(0, [1] * 32, 0)
    state.decode(np.ones((1, 1), np.int64), np.array([33], np.int32))
    return {"rss_mb": _rss_mb(), "head_bytes": cache_form(session).bytes}


def _engine(arguments: argparse.Namespace) -> dict[str, Any]:
    folder = default_text_model(arguments.variant)
    engine = open_text_engine(
        folder,
        variant=arguments.variant,
        provider="cpu",
        threads=2,
        slots=SLOTS,
        prefix_bytes=arguments.prefix_bytes,
    )
    engine.warm_up()
    admitted = done = longest = 0
    noted: list[float] = []
    while done < arguments.requests:
        while admitted < arguments.requests and engine.load < 2 * SLOTS:
            engine.admit(_request(admitted))
            admitted += 1
        for outcome in engine.step().outcomes:
            assert outcome.ending is Ending.DONE
            assert outcome.texts[0].tokens == TOKENS
            longest = max(longest, outcome.usage.tokens_in + TOKENS)
            done += 1
            if done % (arguments.requests // 10) == 0:
                noted.append(_rss_mb())
    return {"rss_mb": noted, "longest_row": longest}


def _request(number: int) -> TextGeneration:
    """Each has other words."""
    words = [_WORDS[(number // len(_WORDS) ** at + at) % len(_WORDS)] for at in range(PROMPT_WORDS)]
    params = TextParams(seed=number, max_tokens=TOKENS, min_tokens=TOKENS)
    return TextGeneration(Key(str(number), 1), params, prompt=" ".join(words))


def _rss_mb() -> float:
    return round(psutil.Process().memory_info().rss / 1e6, 1)


if __name__ == "__main__":
    main()
