"""How far a built graph is from its original, on the kernels and the device that it will run on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.manifest import Manifest
from pressroom.catalog.parity import Golden, Likely
from pressroom.catalog.text_spec import graph_file, read_text_spec
from pressroom.contract.params import TextParams
from pressroom.engines.base import Key, TextGeneration
from pressroom.engines.sessions import Provider
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.state import open_state
from pressroom.engines.text.variants import Request, open_variant

PROMPTS = ("The kettle", "Dear customer,", "1 2 3")
_GOLDEN_TOKENS = 12


def kernels_of(folder: Path, variant: str) -> Iterator[bool]:
    """With our own kernels and without: the graphs that there are of a variant."""
    for own in (False, True):
        if (folder / graph_file(variant, kernels=own)).is_file():
            yield own


def logits_after(
    folder: Path,
    manifest: Manifest,
    variant: str,
    tokens: Sequence[int],
    after: Sequence[int],
    *,
    threads: int,
    kernels: bool,
) -> tuple[str, NDArray[np.float32]]:
    """Whose kernels it ran on, and the logits (len(after), V) behind each place.

    The first place is reached as a prompt is read, and those that follow token by token, as a text is written. Raises
    EngineUnavailable, ModelCorrupt."""
    request = Request(variant, Provider.CPU, False, threads, False, kernels)
    _, session = open_variant(folder, manifest, request)
    decoder = open_state(session, read_text_spec(folder), 1, len(tokens))
    try:
        first = after[0]
        rows = [decoder.prefill(0, tokens[: first + 1], 0).copy()]
        rows += [decoder.prefill(0, tokens[at : at + 1], at).copy() for at in range(first + 1, after[-1] + 1)]
    finally:
        decoder.close()
    whose = "pressroom" if session.own_operators else "onnxruntime"
    return whose, np.stack([rows[at - first] for at in after])


def distance(expected: Sequence[Likely], logits: NDArray[np.float32]) -> float:
    """Nats: how far log-probabilities of the tokens that are likeliest by the original are off, on the mean.

    ``logits`` (len(expected), V); infinite where they are no numbers."""
    away = []
    for likely, row in zip(expected, logits.astype(np.float64), strict=True):
        logprobs = row - row.max() - np.log(np.exp(row - row.max()).sum())
        away.append(np.abs(logprobs[list(likely.tokens)] - likely.logprobs).mean())
    mean = float(np.mean(away))
    return mean if np.isfinite(mean) else float("inf")


def golden(engine: TextEngine) -> tuple[Golden, ...]:
    """What it writes behind a few prompts. The engine is idle before and after."""
    written = []
    for number, prompt in enumerate(PROMPTS):
        params = TextParams(
            seed=1,
            temperature=0,
            repetition_penalty=1,
            max_tokens=_GOLDEN_TOKENS,
            min_tokens=_GOLDEN_TOKENS,
            logprobs=0,
        )
        request = TextGeneration(Key(f"golden-{number}", 1), params, prompt=prompt)
        (outcome,) = (each for step in run_to_end(engine, [request]) for each in step.outcomes)
        written.append(
            Golden(prompt=prompt, tokens=tuple(each.id for each in outcome.texts[0].logprobs or ()))
        )
    return tuple(written)
