"""How fast an engine is here: one text alone, then as many at once as it has slots, to eight."""

import time

from pressroom.catalog.choice import Rates
from pressroom.contract.params import TextParams
from pressroom.engines.base import Ending, EngineUnavailable, Key, Outcome, TextGeneration
from pressroom.engines.text.engine import TextEngine, run_to_end

_TOGETHER = 8
_TOKENS = 48
_WORDS = (
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
)
_PROMPT_WORDS = 160
# Letters of a word with the space before it: no tokenizer needs more tokens than that.
_WORD = 8


def rate(engine: TextEngine) -> Rates:
    """Texts of the same length, greedy. The engine is idle before and after. Raises EngineUnavailable if it cannot."""
    began = time.monotonic()
    (alone,) = _written(engine, [_request(0, engine.slot_tokens)])
    ended = time.monotonic()
    first = alone.first_output or ended
    many = [_request(1 + n, engine.slot_tokens) for n in range(min(_TOGETHER, engine.slots_now))]
    many_began = time.monotonic()
    outcomes = _written(engine, many)
    return Rates(
        prompt=round(alone.usage.tokens_in / (first - began), 1),
        alone=round((alone.usage.tokens_out - 1) / (ended - first), 1),
        together=round(sum(one.usage.tokens_out for one in outcomes) / (time.monotonic() - many_began), 1),
    )


def _request(number: int, room: int) -> TextGeneration:
    """Each has other words, so that nothing is known of its prompt."""
    tokens = min(_TOKENS, room // 2)
    count = min(_PROMPT_WORDS, (room - tokens) // _WORD - 1)
    words = [_WORDS[(number * 7 + at * (number + 3)) % len(_WORDS)] for at in range(count)]
    params = TextParams(
        seed=number, temperature=0, repetition_penalty=1, max_tokens=tokens, min_tokens=tokens
    )
    return TextGeneration(Key(f"rate-{number}", 1), params, prompt=" ".join(words))


def _written(engine: TextEngine, requests: list[TextGeneration]) -> list[Outcome]:
    outcomes = [outcome for step in run_to_end(engine, requests) for outcome in step.outcomes]
    for outcome in outcomes:
        if outcome.ending is not Ending.DONE:
            raise EngineUnavailable(
                f"A text that was to be measured ended as {outcome.ending}: {outcome.error}"
            )
    return outcomes
