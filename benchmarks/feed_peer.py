"""Rows of a feed a minute: n candidates a row that share what is read, beside the same rows sent one by one to llama.cpp's server.

    make bench-feeds, or python benchmarks/feed_peer.py [--rows 24] [--n 4] [--rounds 3] [--template product-description]

Ours is the whole service: post, batch, queue, worker, guide, ranking, everything that ``pressroom feed post --wait`` waits for. llama.cpp's server
is in this process (no HTTP between) with the same weights and as many threads. It gets the prompts that our jobs had, as tokens, one after the
other; a candidate each time, of as many tokens as ours had on the mean, without a guide, and what a row has in common with the one before it
is not read again (``cache_prompt``): with facts that stand fast it would be slower. ``in_slots`` is more than the goal asks: the candidates of a
row at once, in n slots.

Rounds take turns, so that both have the same weather.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from feed_rows import products, table
from live_stack import key_for, live_stack
from llama_cpp import LlamaCpp
from models import default_text_manifest, default_text_model
from record import record

from pressroom.adapters.models.wheel import fetched_member
from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, read_text_spec
from pressroom.client import Client
from pressroom.contract.jobs import JobView
from pressroom.engines.base import ChatTurn, Key, TextGeneration
from pressroom.engines.text.prompt import PromptReader

_CONTEXT, _THREADS = 2_048, 2
_HEAT = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--n", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--template", default="product-description")
    arguments = parser.parse_args()
    rounds = [
        list(islice(products(), at * arguments.rows, (at + 1) * arguments.rows))
        for at in range(arguments.rounds + 1)
    ]
    plan = {"outputs": [{"template": arguments.template}], "params": {"n": arguments.n, "seed": 5}}
    source = default_text_manifest().source
    assert source is not None
    with (
        tempfile.TemporaryDirectory() as scratch,
        fetched_member(source, Path(scratch)) as gguf,
        live_stack() as stack,
        Client(stack.address, key_for(stack, "bench")) as client,
    ):
        alone = LlamaCpp(gguf, 1, _THREADS, context=_CONTEXT)
        slots = LlamaCpp(gguf, arguments.n, _THREADS, context=_CONTEXT)
        _feed(client, rounds[0][:4], plan)  # everything is warm
        told: dict[str, list[float]] = {"pressroom": [], "llama_cpp": [], "llama_cpp_in_slots": []}
        lengths: list[float] = []
        for rows in rounds[1:]:
            took, jobs = _feed(client, rows, plan)
            told["pressroom"].append(60 * len(rows) / took)
            asked = _asked(jobs)
            lengths += [tokens for _, tokens in asked]
            told["llama_cpp"].append(60 * len(rows) / _one_by_one(alone, asked, arguments.n))
            told["llama_cpp_in_slots"].append(60 * len(rows) / _in_slots(slots, asked, arguments.n))
    ratios = [ours / theirs for ours, theirs in zip(told["pressroom"], told["llama_cpp"], strict=True)]
    record(
        "feed_peer",
        {
            "rows": arguments.rows,
            "n": arguments.n,
            "template": arguments.template,
            "tokens_a_candidate": round(statistics.mean(lengths), 1),
            "rows_per_minute": {name: [round(each, 1) for each in rates] for name, rates in told.items()},
            "median": {name: round(statistics.median(rates), 1) for name, rates in told.items()},
            "times_llama_cpp": [round(each, 2) for each in ratios],
            "times_llama_cpp_median": round(statistics.median(ratios), 2),
            "flags": alone.flags,
        },
    )


def _feed(client: Client, rows: list[dict[str, str]], plan: dict[str, Any]) -> tuple[float, list[JobView]]:
    """Seconds from the post until the last piece is there, and the jobs."""
    began = time.perf_counter()
    posted = client.feeds.post(table(rows), plan, name="products.csv")
    while (feed := client.feeds.get(posted.id)).finished_at is None:
        time.sleep(0.1)
    took = time.perf_counter() - began
    if feed.counts.succeeded != len(rows):
        raise RuntimeError(f"Of {len(rows)} rows {feed.counts.succeeded} succeeded.")
    return took, [client.job(piece.job_id or "") for piece in client.feeds.pieces(feed.id)]


def _asked(jobs: Sequence[JobView]) -> list[tuple[list[int], int]]:
    """The prompt of each, and how many tokens a candidate of it had on the mean."""
    folder = default_text_model()
    reader = PromptReader(load_tokenizer(folder / TOKENIZER_FILE), read_text_spec(folder))
    asked = []
    for job in jobs:
        turns = tuple(ChatTurn(each.role, str(each.content)) for each in job.input.messages or ())
        generation = TextGeneration(Key(job.id, 1), job.params, messages=turns)  # type: ignore[arg-type]
        tokens = round(job.usage.tokens_out / len(job.outputs))
        asked.append((list(reader.read(generation, _CONTEXT)), tokens))
    return asked


def _one_by_one(peer: LlamaCpp, asked: Sequence[tuple[list[int], int]], n: int) -> float:
    began = time.perf_counter()
    for prompt, tokens in asked:
        for _ in range(n):
            peer.stream(prompt, tokens, [], keep=True, heat=_HEAT)
    return time.perf_counter() - began


def _in_slots(peer: LlamaCpp, asked: Sequence[tuple[list[int], int]], n: int) -> float:
    began = time.perf_counter()
    for prompt, tokens in asked:
        threads = [
            threading.Thread(
                target=peer.stream, args=(prompt, tokens, []), kwargs={"keep": True, "heat": _HEAT}
            )
            for _ in range(n)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
