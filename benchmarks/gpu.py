"""The text engine on an NVIDIA GPU, in half precision: reading prompts, and writing 1 to 32 texts at once.

    make bench-gpu, or python benchmarks/gpu.py [--rounds 3] [--batches 1,4,8,16,32] [--provider cuda]

Prompts of 256 random tokens, 64 greedy tokens each, the end of text ignored; medians. Keys and values stay on the
device, where they are bound (``engines/text/decoder``). Needs the extra worker-gpu and a card. ``--provider cpu`` walks the
same way with the same graph where there is none: it shows that the way is whole, and says nothing of a GPU. The result
names the card, or the processor, in either case.
"""

import argparse
import random
import statistics
import subprocess
import sys

from llama_cpp import PROMPT_TOKENS
from record import record
from text_engine import TOKENS, engine_for, measure

from pressroom.engines.base import ProviderUnavailable
from pressroom.engines.text.variants import GPU_VARIANT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", default="1,4,8,16,32")
    parser.add_argument("--provider", choices=["cuda", "cpu"], default="cuda")
    arguments = parser.parse_args()
    batches = [int(batch) for batch in arguments.batches.split(",")]
    dice = random.Random(0)
    prompts = [[dice.randrange(1000, 40000) for _ in range(PROMPT_TOKENS)] for _ in range(max(batches))]
    try:
        engine = engine_for(GPU_VARIANT, 2, prompts, provider=arguments.provider)
    except ProviderUnavailable as error:
        sys.exit(str(error))
    rates: dict[int, list[tuple[float, float]]] = {}
    for _ in range(arguments.rounds):
        for batch in batches:
            rates.setdefault(batch, []).append(measure(engine, batch))
    record(
        "gpu" if arguments.provider == "cuda" else "gpu_way_on_cpu",
        {
            "provider": engine.info.provider,
            "card": _card() if engine.info.provider == "cuda" else None,
            "variant": engine.info.variant,
            "prompt_tokens": PROMPT_TOKENS,
            "tokens": TOKENS,
            "rounds": arguments.rounds,
            "prefill": {str(batch): _median(pairs, 0) for batch, pairs in rates.items()},
            "decode": {str(batch): _median(pairs, 1) for batch, pairs in rates.items()},
        },
    )


def _median(pairs: list[tuple[float, float]], which: int) -> float:
    return round(statistics.median(pair[which] for pair in pairs), 1)


def _card() -> str:
    """Name, driver and memory, as the driver's own tool tells them."""
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
