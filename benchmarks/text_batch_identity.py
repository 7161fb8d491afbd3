"""Is a text the same alone and in any batch? Every prompt alone, then in mixed arrivals; bit by bit.

    python benchmarks/text_batch_identity.py [--prompts 300] [--variant q8] [--rounds 2]

Greedy and sampled requests, one and several outputs, short and long prompts. In each round they
come in another order and at other times (seeded), so that batch-mates, slots and prefills differ.
Exits 1 if one text differs.
"""

import argparse
import random
import sys

from models import default_text_model
from prompts import generation
from record import record

from pressroom.engines.base import TextGeneration, TextOutput
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.opening import open_text_engine

Texts = dict[str, tuple[TextOutput, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--variant", default="q8")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    engine = open_text_engine(
        default_text_model(arguments.variant),
        variant=arguments.variant,
        provider="cpu",
        threads=arguments.threads,
        slots=16,
    )
    requests = [generation(number) for number in range(arguments.prompts)]
    alone = texts_alone(engine, requests)
    differing: set[str] = set()
    widest = 0
    for seed in range(arguments.rounds):
        together, width = texts_together(engine, requests, seed)
        widest = max(widest, width)
        differing |= {name for name, texts in alone.items() if together[name] != texts}
    record(
        f"text_batch_identity_{arguments.variant}",
        {
            "variant": arguments.variant,
            "prompts": len(requests),
            "texts": sum(len(texts) for texts in alone.values()),
            "tokens": sum(text.tokens for texts in alone.values() for text in texts),
            "rounds": arguments.rounds,
            "most_generations_at_once": widest,
            "differing": sorted(differing),
            "identical": len(requests) - len(differing),
        },
    )
    sys.exit(1 if differing else 0)


def texts_alone(engine: TextEngine, requests: list[TextGeneration]) -> Texts:
    """Each request's outputs when nothing else is in the engine."""
    found: Texts = {}
    for request in requests:
        for step in run_to_end(engine, [request]):
            found.update({outcome.key.job_id: outcome.texts for outcome in step.outcomes})
    return found


def texts_together(engine: TextEngine, requests: list[TextGeneration], seed: int) -> tuple[Texts, int]:
    """The outputs when requests arrive in a random order, in bursts and singly; the most at once."""
    order = requests.copy()
    dice = random.Random(seed)
    dice.shuffle(order)
    found: Texts = {}
    widest = 0
    while order or engine.load:
        burst = dice.choice((0, 0, 0, 0, 1, 1, 2, 12)) if engine.load < 24 else 0
        for _ in range(min(burst, len(order))):
            engine.admit(order.pop())
        widest = max(widest, engine.load)
        found.update({outcome.key.job_id: outcome.texts for outcome in engine.step().outcomes})
    return found, widest


if __name__ == "__main__":
    main()
