"""64 text jobs at once through HTTP, beside the bare loop at 16 slots and llama.cpp.

    make bench-load, or python benchmarks/text.py [--rounds 3] [--jobs 64]

The jobs go the whole way: front, database, worker, engine, result, on real processes. The bare loop is
the engine class alone on the same requests; llama.cpp gets the same prompts and makes as many tokens.
Rounds alternate between the three, so that what else the machine does meets all of them. The goal is
``share_of_bare_loop`` of at least 0.8.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from bare_loop import run_bare_loop
from live_stack import key_for, live_stack, run_all, span_s
from llama_cpp import LlamaCpp
from models import default_text_manifest, default_text_model
from prompts import generation, request_for
from record import record

from pressroom.adapters.models.wheel import fetched_member
from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, read_text_spec
from pressroom.engines.base import TextGeneration
from pressroom.engines.text.opening import DEFAULT_SLOT_TOKENS, open_text_engine
from pressroom.engines.text.prompt import PromptReader

SLOTS = 16
THREADS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=64)
    arguments = parser.parse_args()
    generations = [generation(number) for number in range(arguments.jobs)]
    requests = [request_for(each, default_text_manifest().name) for each in generations]
    folder = default_text_model()
    engine = open_text_engine(folder, provider="cpu", threads=THREADS, slots=SLOTS, prefix_bytes=0)
    engine.warm_up()
    source = default_text_manifest().source
    assert source is not None
    rates: dict[str, list[float]] = {"through_http": [], "bare_loop": [], "llama_cpp": []}
    counts: list[int] = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        fetched_member(source, Path(scratch)) as gguf,
        live_stack(text_prefix_bytes=0, text_slots=SLOTS, text_threads=THREADS) as stack,
    ):
        peer = LlamaCpp(gguf, SLOTS, THREADS, context=DEFAULT_SLOT_TOKENS)
        ids = _ids(folder, generations)
        key = key_for(stack, "bench")
        keyed = [(key, request) for request in requests]
        run_all(stack.address, keyed[:2])
        for _ in range(arguments.rounds):
            jobs = run_all(stack.address, keyed)
            counts = [job.usage.tokens_out for job in jobs]
            rates["through_http"].append(sum(counts) / span_s(jobs))
            bare = run_bare_loop(engine, generations)
            if bare.tokens_out != sum(counts):
                raise RuntimeError(f"the bare loop wrote {bare.tokens_out} tokens, the jobs {sum(counts)}")
            rates["bare_loop"].append(bare.tokens_out_per_s)
            # llama.cpp has no ``n`` that shares a prefill: a request for three texts is three there.
            prompts, tokens = _peer_work(generations, ids, counts)
            rates["llama_cpp"].append(sum(tokens) / peer.run_all(prompts, tokens))
    shares = [ours / bare for ours, bare in zip(rates["through_http"], rates["bare_loop"], strict=True)]
    record(
        "text",
        {
            "jobs": arguments.jobs,
            "slots": SLOTS,
            "threads": THREADS,
            "rounds": arguments.rounds,
            "tokens_in": sum(map(len, ids)),
            "tokens_out": sum(counts),
            **{f"{name}_tokens_per_s": _spread(values) for name, values in rates.items()},
            "share_of_bare_loop": _spread(shares, digits=3),
        },
    )


def _ids(folder: Path, generations: list[TextGeneration]) -> list[list[int]]:
    reader = PromptReader(load_tokenizer(folder / TOKENIZER_FILE), read_text_spec(folder))
    return [list(reader.read(each, DEFAULT_SLOT_TOKENS)) for each in generations]


def _peer_work(
    generations: list[TextGeneration], ids: list[list[int]], counts: list[int]
) -> tuple[list[list[int]], list[int]]:
    prompts, tokens = [], []
    for each, prompt, count in zip(generations, ids, counts, strict=True):
        prompts += [prompt] * each.params.n
        tokens += [max(1, count // each.params.n)] * each.params.n
    return prompts, tokens


def _spread(values: list[float], digits: int = 1) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
    }


if __name__ == "__main__":
    main()
