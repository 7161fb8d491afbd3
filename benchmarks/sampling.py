"""What drawing tokens takes of a step with 32 texts: everything between the logits and the text that is told.

    make bench-sampling, or python benchmarks/sampling.py [--variant i8] [--rounds 3]

For several ways to draw, as each request may ask for them. The goal: under a tenth of the step.
"""

import argparse
import random
import statistics
import time
from typing import Any
from unittest.mock import patch

from llama_cpp import PROMPT_TOKENS
from record import record
from text_engine import engine_for

from pressroom.contract.params import TextParams
from pressroom.engines.base import Key, TextGeneration
from pressroom.engines.text.engine import TextEngine

ROWS, TOKENS = 32, 48
GOAL = 0.1
_WAYS: dict[str, dict[str, Any]] = {
    "greedy": {"temperature": 0},
    "as by default": {},
    "nucleus alone": {"top_k": 0, "top_p": 0.92},
    "all that is likely": {"top_k": 0, "top_p": 1, "min_p": 0.05},
    "penalties and bias": {
        "repetition_penalty": 1.1,
        "presence_penalty": 0.3,
        "frequency_penalty": 0.3,
        "logit_bias": {"100": 1.0},
    },
    "logprobs": {"logprobs": 5},
    "hot, with all that has any chance": {"temperature": 1.5, "top_k": 0, "top_p": 1},
    "guided": {"guide": {"type": "regex", "pattern": "[a-zA-Z ,.]{900}"}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", default="i8")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    dice = random.Random(0)
    prompts = [[dice.randrange(1000, 40000) for _ in range(PROMPT_TOKENS)] for _ in range(ROWS)]
    engine = engine_for(arguments.variant, 2, prompts)
    shares: dict[str, list[float]] = {way: [] for way in _WAYS}
    for _ in range(arguments.rounds):
        for way, params in _WAYS.items():
            shares[way].append(_share(engine, params))
    figures = {way: {"share": statistics.median(found), "most": max(found)} for way, found in shares.items()}
    record(
        "sampling",
        {
            "variant": arguments.variant,
            "rows": ROWS,
            "prompt_tokens": PROMPT_TOKENS,
            "ways": {
                way: {name: round(share, 4) for name, share in told.items()} for way, told in figures.items()
            },
            "goal": GOAL,
            "met": {way: told["share"] < GOAL for way, told in figures.items()},
        },
    )


def _share(engine: TextEngine, changes: dict[str, Any]) -> float:
    """Of the time of all steps in which every row had a token: what was not the model's."""
    decode = engine._decoder.decode
    in_model: list[float] = []

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        found = decode(*arguments)
        in_model.append(time.perf_counter() - began)
        return found

    for number in range(ROWS):
        params = TextParams.model_validate(
            {"seed": number, "max_tokens": TOKENS, "min_tokens": TOKENS, **changes}
        )
        engine.admit(TextGeneration(Key(str(number), 1), params, prompt=" "))
    whole, model = 0.0, 0.0
    with patch.object(engine._decoder, "decode", timed):
        while engine.load:
            everyone, began = engine.running == ROWS, time.perf_counter()
            step = engine.step()
            if everyone and not step.outcomes:
                whole += time.perf_counter() - began
                model += in_model[-1]
    return 1 - model / whole


if __name__ == "__main__":
    main()
