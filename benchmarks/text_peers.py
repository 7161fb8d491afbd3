"""The text engine beside its peers, on the same weights and prompts: each in turn, batch by batch, round by round.

    python benchmarks/text_peers.py FOLDER [--rounds 3] [--variants i8,q8] [--batches 1,4,8,16,32] [--quick]

FOLDER is what ``benchmarks/peers/prepare.py`` has made; a peer that is not there is left out, and named. Prompts of
256 random tokens, 64 greedy tokens each, the end of text ignored, two threads for each. What else the machine does
meets all of them alike; rates are medians (tokens a second), and ``ratios`` are ours to the best peer's in the same
round, as median and extremes. Only peers count there whose format costs at most ``GOAL`` of perplexity, as
``text_quality.py`` has measured (``results/text_quality.json``). ``limits`` are the
machine's own, measured in every round (see ``roofline.py``), and our share of them. ``--quick`` is for a look: one round
with one and with eight texts, beside llama.cpp and whatever of the fast peers is there.

The last line out is ``{"decode": {"1": {"pressroom i8": …, "openvino": …}}, "prefill": {…}, "ratios": …}``.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from llama_cpp import PROMPT_TOKENS
from models import default_text_manifest, default_text_model
from peer_process import SERVE, SERVE_LLAMA_CPP, PeerProcess
from record import RESULTS, record
from roofline import Limits, Machine, weights_of
from text_engine import TOKENS, engine_for, measure
from text_quality import GOAL

from pressroom.adapters.models.wheel import fetched_member
from pressroom.catalog.text_spec import graph_file

Measure = Callable[[list[list[int]]], tuple[float, float]]
PEERS = ("openvino", "ctranslate2", "genai", "transformers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variants", default="i8,q8")
    parser.add_argument("--batches", default="1,4,8,16,32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.variants, arguments.batches = 1, "i8", "1,8"
    batches = [int(batch) for batch in arguments.batches.split(",")]
    dice = random.Random(0)
    prompts = [[dice.randrange(1000, 40000) for _ in range(PROMPT_TOKENS)] for _ in range(max(batches))]
    with ExitStack() as stack:
        contestants: dict[str, Measure] = {}
        for variant in arguments.variants.split(","):
            contestants[f"pressroom {variant}"] = _ours(variant, arguments.threads, prompts)
        versions, flags = {}, {}
        for kind in _QUICK if arguments.quick else PEERS:
            made = arguments.folder / _FOLDERS.get(kind, kind)
            if made.is_dir():
                python = arguments.folder / "venv/bin/python"
                peer = stack.enter_context(PeerProcess(python, SERVE, kind, made, str(arguments.threads)))
                versions[kind], flags[kind] = peer.version, peer.flags
                contestants[kind] = partial(_measured, peer)
        for gguf in _ggufs(arguments.folder, stack, quick=arguments.quick):
            name = f"llama.cpp {gguf.stem.removeprefix('model-')}"
            contestants[name] = _llama_cpp(gguf, arguments.threads, flags)
        machine, limits = Machine(arguments.threads), list[Limits]()
        rates = _rates(
            contestants, batches, prompts, arguments.rounds, lambda: limits.append(machine.measure())
        )
    left_out = [kind for kind in PEERS if kind not in contestants]
    figures = _figures(rates)
    record(
        "text_peers_quick" if arguments.quick else "text_peers",
        {
            **figures,
            "limits": _limits(limits, figures["decode"]),
            "left_out_of_ratios": sorted(name for name in contestants if not counts(name)),
            "peers": versions,
            "flags": flags,
            "left_out": left_out,
            "threads": arguments.threads,
            "rounds": arguments.rounds,
            "prompt_tokens": PROMPT_TOKENS,
            "tokens": TOKENS,
        },
    )
    print(json.dumps(figures))


_FOLDERS = {"transformers": "hf"}
_QUICK = ("openvino",)


def _ggufs(folder: Path, stack: ExitStack, *, quick: bool) -> list[Path]:
    """llama.cpp's formats; quickly, the file as it is published."""
    if not quick:
        return sorted(folder.glob("model-*.gguf"))
    source = default_text_manifest().source
    assert source is not None
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    member = stack.enter_context(fetched_member(source, scratch))
    return [member.rename(member.with_name("model-Q4_1.gguf"))]


def counts(name: str) -> bool:
    """Whether a contestant's format is near enough to float32; one that was never measured counts."""
    figures = json.loads((RESULTS / "text_quality.json").read_text(encoding="utf-8"))["figures"]
    known = {**figures["peers"], **{f"pressroom {name}": told for name, told in figures["variants"].items()}}
    return float(known.get(name, {}).get("times_fp32", 1.0)) <= GOAL


def _limits(measured: list[Limits], decode: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Medians of the machine's limits; of each of our variants the tokens a second that they allow, and our share."""
    read, int8, float32 = (
        statistics.median(getattr(each, what) for each in measured) for what in ("read", "int8", "float32")
    )
    shares: dict[str, Any] = {}
    for name in next(iter(decode.values())):
        if not name.startswith("pressroom "):
            continue
        variant = name.removeprefix("pressroom ")
        weights = weights_of(default_text_model(variant) / graph_file(variant, kernels=True))
        shares[name] = {"weights_mb": round(weights.read_bytes / 1e6, 1)}
        for batch, rates in decode.items():
            by_reading = int(batch) * read * 1e9 / weights.read_bytes
            by_multiplying = int8 * 1e9 / (2 * weights.numbers)
            most = min(by_reading, by_multiplying)
            shares[name][batch] = {
                "limit": round(most, 1),
                "of": "read" if most == by_reading else "int8",
                "share": round(rates[name] / most, 2),
            }
    return {
        "read_gb_per_s": round(read, 1),
        "int8_gop_per_s": round(int8, 1),
        "float32_gflop_per_s": round(float32, 1),
        "decode": shares,
    }


def _measured(peer: PeerProcess, prompts: list[list[int]]) -> tuple[float, float]:
    answer = peer.ask(prompts=prompts, tokens=TOKENS)
    return answer["prefill"], answer["decode"]


def _ours(variant: str, threads: int, prompts: list[list[int]]) -> Measure:
    engine = engine_for(variant, threads, prompts, spinning=True)  # as the peers' threads do
    return lambda asked: measure(engine, len(asked))


def _llama_cpp(gguf: Path, threads: int, flags: dict[str, dict[str, Any]]) -> Measure:
    """A server for each batch, with as many slots: one with more is slower. It is there only while it is measured.
    What the last was started with is put into ``flags``."""

    def measured(prompts: list[list[int]]) -> tuple[float, float]:
        with PeerProcess(sys.executable, SERVE_LLAMA_CPP, gguf, str(len(prompts)), str(threads)) as server:
            flags["llama.cpp, its last server"] = server.flags
            _measured(server, prompts[:1])  # what is done once only
            return _measured(server, prompts)

    return measured


def _rates(
    contestants: dict[str, Measure],
    batches: list[int],
    prompts: list[list[int]],
    rounds: int,
    each_round: Callable[[], None],
) -> dict[str, dict[int, list[tuple[float, float]]]]:
    rates: dict[str, dict[int, list[tuple[float, float]]]] = {name: {} for name in contestants}
    for contestant in contestants.values():
        contestant(prompts[:1])  # what is done once only
    for _ in range(rounds):
        each_round()
        for batch in batches:
            for name, contestant in contestants.items():
                rates[name].setdefault(batch, []).append(contestant(prompts[:batch]))
    return rates


def _figures(rates: dict[str, dict[int, list[tuple[float, float]]]]) -> dict[str, Any]:
    batches = list(next(iter(rates.values())))
    figures: dict[str, Any] = {"decode": {}, "prefill": {}, "ratios": {"decode": {}, "prefill": {}}}
    for part, what in enumerate(("prefill", "decode")):
        for batch in batches:
            told = {name: [pair[part] for pair in pairs[batch]] for name, pairs in rates.items()}
            figures[what][str(batch)] = {
                name: round(statistics.median(values), 1) for name, values in told.items()
            }
            figures["ratios"][what][str(batch)] = _ratio(told)
    return figures


def _ratio(told: dict[str, list[float]]) -> dict[str, Any]:
    """The best of ours to the best peer that counts, by medians; their ratio in each round."""
    ours = {name: statistics.median(values) for name, values in told.items() if name.startswith("pressroom")}
    theirs = {
        name: statistics.median(values) for name, values in told.items() if name not in ours and counts(name)
    }
    mine, best = max(ours, key=ours.__getitem__), max(theirs, key=theirs.__getitem__)
    ratios = [a / b for a, b in zip(told[mine], told[best], strict=True)]
    return {
        "ours": mine,
        "best_peer": best,
        "ratio": round(statistics.median(ratios), 2),
        "from": round(min(ratios), 2),
        "to": round(max(ratios), 2),
    }


if __name__ == "__main__":
    main()
