"""The text engine's bare rates at batch 1, 4, 8 and 16, beside llama.cpp on the same weights.

    python benchmarks/text_engine.py [--rounds 3] [--variant q8]

Prompts of 256 random tokens, 64 greedy tokens each, end of text ignored, the same in both. Rounds
alternate between the two, so that what else the machine does meets both; the median is told.
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from llama_cpp import PROMPT_TOKENS, LlamaCpp
from models import default_text_manifest, default_text_model
from record import record

from pressroom.adapters.models.wheel import fetched_member
from pressroom.contract.params import TextParams
from pressroom.engines.base import Key, TextGeneration
from pressroom.engines.text.engine import TextEngine
from pressroom.engines.text.opening import open_text_engine

BATCHES = (1, 4, 8, 16)
TOKENS = 64
Rates = dict[str, list[tuple[float, float]]]


class _TokenPrompts(TextEngine):
    """The engine unchanged but for its prompts, which are random ids, and for texts that never end."""

    @classmethod
    def of(cls, engine: TextEngine, prompts: dict[str, list[int]]) -> "_TokenPrompts":
        engine.__class__ = cls
        assert isinstance(engine, _TokenPrompts)
        engine._ends = frozenset()
        engine._intake.reader.read = lambda generation, slot_tokens: prompts[generation.key.job_id]  # type: ignore[method-assign]
        return engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variant", default="q8")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    dice = random.Random(0)
    prompts = [[dice.randrange(1000, 40000) for _ in range(PROMPT_TOKENS)] for _ in range(max(BATCHES))]
    engine = engine_for(arguments.variant, arguments.threads, prompts)
    source = default_text_manifest().source
    assert source is not None
    ours: Rates = {}
    theirs: Rates = {}
    with tempfile.TemporaryDirectory() as scratch, fetched_member(source, Path(scratch)) as gguf:
        for batch in BATCHES:
            peer = LlamaCpp(gguf, batch, arguments.threads)
            peer.measure(prompts[:1], 4)
            for _ in range(arguments.rounds):
                ours.setdefault(f"batch_{batch}", []).append(measure(engine, batch))
                theirs.setdefault(f"batch_{batch}", []).append(peer.measure(prompts[:batch], TOKENS))
            del peer
    record(
        "text_engine",
        {
            "variant": arguments.variant,
            "threads": arguments.threads,
            "prompt_tokens": PROMPT_TOKENS,
            "tokens": TOKENS,
            "rounds": arguments.rounds,
            "pressroom": _medians(ours),
            "llama_cpp": _medians(theirs),
        },
    )


def engine_for(
    variant: str, threads: int, prompts: list[list[int]], *, spinning: bool = False, provider: str = "cpu"
) -> TextEngine:
    """An engine with a slot for each prompt, warm, that reads its request ``n`` as prompt n."""
    engine = open_text_engine(
        default_text_model(variant),
        variant=variant,
        provider=provider,
        threads=threads,
        spinning=spinning,
        slots=len(prompts),
        prefix_bytes=0,  # the prompts come again each round
    )
    engine.warm_up()
    return _TokenPrompts.of(engine, {str(number): prompt for number, prompt in enumerate(prompts)})


def measure(engine: TextEngine, batch: int) -> tuple[float, float]:
    """(prefill, decode) tokens a second, counted as for the peer."""
    params = TextParams(seed=1, max_tokens=TOKENS, temperature=0, repetition_penalty=1)
    began = time.perf_counter()
    for number in range(batch):
        engine.admit(TextGeneration(Key(str(number), 1), params, prompt=" "))
    told = 0
    all_started = 0.0
    while engine.load:
        step = engine.step()
        now = time.perf_counter()
        if not all_started:
            if engine.running == batch:
                all_started = now
            continue
        if step.outcomes:
            return batch * PROMPT_TOKENS / (all_started - began), _finish(
                engine, told + batch, now - all_started
            )
        told += batch
    raise RuntimeError("the batch ended before it was whole; ask for more tokens")


def _finish(engine: TextEngine, tokens: int, seconds: float) -> float:
    while engine.load:
        engine.step()
    return tokens / seconds


def _medians(rates: Rates) -> dict[str, dict[str, float]]:
    return {
        batch: {
            "prefill_tokens_per_s": round(statistics.median(prefill for prefill, _ in pairs), 1),
            "decode_tokens_per_s": round(statistics.median(decode for _, decode in pairs), 1),
        }
        for batch, pairs in rates.items()
    }


if __name__ == "__main__":
    main()
