"""A product feed: rows that begin with the same 300 tokens, with and without the cache of prefixes.

    make bench-feed, or python benchmarks/feed.py [--rows 500] [--tokens 32]

The same rows go through two engines of one model, a page of them at a time, in turn, so that what else the
machine does meets both. The texts must be the same to the last character. The goal: 1.8 times as fast.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models import default_text_manifest, default_text_model
from prompts import THINGS
from record import record

from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Key, TextGeneration
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.opening import DEFAULT_PREFIX_BYTES, open_text_engine

SLOTS = 16
GOAL = 1.8
_PAGE = 50
_VOICE = (
    "You write product titles and descriptions for a small shop that has been on the same street since 1974. "
    "Write plain, warm English. Say what a thing is made of, where it was made, how long it should last and how "
    "it is mended. Never promise what the facts do not say, never use a number that is not among them, and do "
    "not exaggerate. Sentences are short. No exclamation marks, no questions, no emoji. Names of materials are "
    "written in full. A description has at most forty words and ends with a full stop.\n\n"
    "Example. Facts: mug, stoneware, 350 ml, glazed by hand, Portugal, dishwasher safe.\n"
    "Description: A stoneware mug from Portugal, glazed by hand, so that no two look alike. It holds 350 ml and "
    "goes into the dishwasher.\n\n"
    "Example. Facts: doormat, coconut fibre, 60 by 40 cm, natural rubber back, Kerala.\n"
    "Description: A doormat of coconut fibre from Kerala, 60 by 40 cm, on a back of natural rubber that keeps it "
    "where it lies. Shake it out, and it is clean.\n\n"
    "Example. Facts: apron, linen, two pockets, washed soft, Lithuania, 60 degrees.\n"
    "Description: A linen apron from Lithuania, washed until it is soft, with two pockets. It is washed at 60 "
    "degrees and grows finer with the years."
)
_COLOURS = ("blue", "white", "ochre", "dark green", "grey", "red", "natural", "black")


@dataclass
class Side:
    """One of the two engines, and what it did."""

    engine: TextEngine
    texts: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    filled: int = 0
    reused: int = 0

    def page(self, rows: list[TextGeneration]) -> None:
        began = time.perf_counter()
        steps = run_to_end(self.engine, rows)
        self.seconds.append(time.perf_counter() - began)
        outcomes = {outcome.key: outcome for step in steps for outcome in step.outcomes}
        self.texts += [outcomes[row.key].texts[0].text for row in rows]
        self.filled += sum(step.filled for step in steps)
        self.reused += sum(step.reused for step in steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--tokens", type=int, default=32, help="Most tokens that a row's text has.")
    parser.add_argument("--variant", default=None)
    arguments = parser.parse_args()
    rows = [_row(number, arguments.tokens) for number in range(arguments.rows)]
    with _side(arguments.variant, DEFAULT_PREFIX_BYTES) as kept, _side(arguments.variant, 0) as plain:
        for number, page in enumerate(rows[at : at + _PAGE] for at in range(0, len(rows), _PAGE)):
            for side in (kept, plain) if number % 2 else (plain, kept):
                side.page(page)
    if kept.texts != plain.texts:
        raise SystemExit("The texts differ: what is kept must not change what is said.")
    ratios = [slow / quick for slow, quick in zip(plain.seconds, kept.seconds, strict=True)]
    ratio = sum(plain.seconds) / sum(kept.seconds)
    record(
        "feed",
        {
            "model": default_text_manifest().name,
            "rows": arguments.rows,
            "slots": SLOTS,
            "shared_tokens": _shared(kept.engine, rows),
            "tokens_in": plain.filled,
            "tokens_most_out": arguments.tokens,
            "seconds": {"kept": round(sum(kept.seconds), 1), "plain": round(sum(plain.seconds), 1)},
            "times_as_fast": {
                "all": round(ratio, 2),
                "median": round(statistics.median(ratios), 2),
                "least": round(min(ratios), 2),
                "most": round(max(ratios), 2),
            },
            "tokens_computed": kept.filled,
            "tokens_saved": kept.reused,
            "texts_equal": True,
            "met": ratio >= GOAL,
        },
    )


@contextmanager
def _side(variant: str | None, prefix_bytes: int) -> Iterator[Side]:
    model = default_text_model(variant) if variant else default_text_model()
    engine = open_text_engine(
        model, variant=variant, provider="cpu", threads=2, slots=SLOTS, prefix_bytes=prefix_bytes
    )
    engine.warm_up()
    try:
        yield Side(engine)
    finally:
        engine.close()


def _row(number: int, tokens: int) -> TextGeneration:
    thing = THINGS[number % len(THINGS)]
    facts = f"Facts: {thing}, {_COLOURS[number % len(_COLOURS)]}, {40 + number} cm, article {1_000 + number}."
    params = TextParams(seed=number, max_tokens=tokens)
    turns = (ChatTurn("system", _VOICE), ChatTurn("user", f"{facts}\nDescription:"))
    return TextGeneration(Key(str(number), 1), params, messages=turns, scope="shop")


def _shared(engine: TextEngine, rows: list[TextGeneration]) -> int:
    """How many tokens all prompts begin with."""
    prompts = [engine._intake.reader.read(row, engine.slot_tokens) for row in rows]
    shared = 0
    for column in zip(*prompts, strict=False):
        if len(set(column)) > 1:
            break
        shared += 1
    return shared


if __name__ == "__main__":
    main()
