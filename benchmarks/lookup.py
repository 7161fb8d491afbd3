"""Texts one at a time, with guesses from what was said before and without: the same words, and how much faster.

    make bench-lookup, or python benchmarks/lookup.py [--texts 24] [--variant i8]

Two kinds of work: rows of a product feed (``feed.py``), which say little that stands in their prompt, and texts to be
given back, which say nearly nothing else. Each is written with guesses and without, in turn.
"""

import argparse
import random
import statistics
import time
from unittest.mock import patch

from feed import _row
from models import default_text_model
from prompts import THINGS
from record import record

from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Key, TextGeneration
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.lookup import Lookup
from pressroom.engines.text.opening import open_text_engine

_TOKENS = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--variant", default="i8")
    arguments = parser.parse_args()
    engine = open_text_engine(
        default_text_model(arguments.variant), variant=arguments.variant, provider="cpu", threads=2, slots=2
    )
    engine.warm_up()
    kinds = {"feed": _row_alone, "given_back": _given_back}
    figures = {
        kind: _measured(engine, [make(n) for n in range(arguments.texts)]) for kind, make in kinds.items()
    }
    engine.close()
    record("lookup", {"variant": arguments.variant, "texts": arguments.texts, "tokens": _TOKENS, **figures})


def _measured(engine: TextEngine, requests: list[TextGeneration]) -> dict[str, float]:
    ratios, tokens, guessed = [], 0, 0
    for request in requests:
        with patch.object(Lookup, "guess", lambda self, most: []):
            plain_s, plain, _ = _written(engine, request)
        seconds, text, right = _written(engine, request)
        if text != plain:
            raise SystemExit(f"The texts differ: {plain!r} and {text!r}.")
        ratios.append(plain_s / seconds)
        tokens += _TOKENS
        guessed += right
    return {
        "times_as_fast": round(statistics.median(ratios), 2),
        "least": round(min(ratios), 2),
        "most": round(max(ratios), 2),
        "share_guessed": round(guessed / tokens, 3),
    }


def _written(engine: TextEngine, request: TextGeneration) -> tuple[float, str, int]:
    """Seconds behind the first token, the text, and how many of its tokens were guessed."""
    steps = run_to_end(engine, [request])
    ended = time.monotonic()
    (outcome,) = (outcome for step in steps for outcome in step.outcomes)
    assert outcome.first_output is not None
    return ended - outcome.first_output, outcome.texts[0].text, sum(step.guessed for step in steps)


def _row_alone(number: int) -> TextGeneration:
    row = _row(number, _TOKENS)
    params = row.params.model_copy(update={"min_tokens": _TOKENS, "repetition_penalty": 1.0})
    return TextGeneration(row.key, params, messages=row.messages)


def _given_back(number: int) -> TextGeneration:
    things = ", ".join(random.Random(number).sample(THINGS, 8))
    turns = (ChatTurn("user", f"Say this again, word for word: We have {things}."),)
    params = TextParams(
        seed=number, temperature=0, repetition_penalty=1, max_tokens=_TOKENS, min_tokens=_TOKENS
    )
    return TextGeneration(Key(f"again-{number}", 1), params, messages=turns)


if __name__ == "__main__":
    main()
