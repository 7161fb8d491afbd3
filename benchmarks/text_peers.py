"""The text engine beside its peers, on the same weights and prompts: each in turn, batch by batch, round by round.

    python benchmarks/text_peers.py FOLDER [--rounds 3] [--variants i8,q8] [--batches 1,4,8,16,32]

FOLDER is what ``benchmarks/peers/prepare.py`` has made; a peer that is not there is left out, and named. Prompts of
256 random tokens, 64 greedy tokens each, the end of text ignored, two threads for each. What else the machine does
meets all of them alike; rates are medians (tokens a second), and ``ratios`` are ours to the best peer's in the same
round, as median and extremes. What a format costs in quality is told by ``text_quality.py``.

The last line out is ``{"decode": {"1": {"pressroom i8": …, "openvino": …}}, "prefill": {…}, "ratios": …}``.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from llama_cpp import PROMPT_TOKENS
from record import record
from text_engine import TOKENS, engine_for, measure

Measure = Callable[[list[list[int]]], tuple[float, float]]
PEERS = ("openvino", "ctranslate2", "genai", "transformers")
_SERVE = Path(__file__).with_name("peers") / "serve.py"
_SERVE_LLAMA_CPP = _SERVE.with_name("serve_llama_cpp.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variants", default="i8,q8")
    parser.add_argument("--batches", default="1,4,8,16,32")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    batches = [int(batch) for batch in arguments.batches.split(",")]
    dice = random.Random(0)
    prompts = [[dice.randrange(1000, 40000) for _ in range(PROMPT_TOKENS)] for _ in range(max(batches))]
    with ExitStack() as stack:
        contestants: dict[str, Measure] = {}
        for variant in arguments.variants.split(","):
            contestants[f"pressroom {variant}"] = _ours(variant, arguments.threads, prompts)
        versions = {}
        for kind in PEERS:
            made = arguments.folder / _FOLDERS.get(kind, kind)
            if made.is_dir():
                python = arguments.folder / "venv/bin/python"
                peer = stack.enter_context(_Peer(python, _SERVE, kind, made, str(arguments.threads)))
                versions[kind] = peer.version
                contestants[kind] = peer.measure
        for gguf in sorted(arguments.folder.glob("model-*.gguf")):
            name = f"llama.cpp {gguf.stem.removeprefix('model-')}"
            contestants[name] = _llama_cpp(gguf, arguments.threads)
        rates = _rates(contestants, batches, prompts, arguments.rounds)
    left_out = [kind for kind in PEERS if kind not in contestants]
    figures = _figures(rates)
    record(
        "text_peers",
        {
            **figures,
            "peers": versions,
            "left_out": left_out,
            "threads": arguments.threads,
            "rounds": arguments.rounds,
            "prompt_tokens": PROMPT_TOKENS,
            "tokens": TOKENS,
        },
    )
    print(json.dumps(figures))


_FOLDERS = {"transformers": "hf"}


class _Peer:
    """A peer in a process of its own."""

    def __init__(self, *command: Path | str) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.version = str(self._answer()["version"])

    def __enter__(self) -> "_Peer":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def measure(self, prompts: list[list[int]]) -> tuple[float, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"prompts": prompts, "tokens": TOKENS}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer["prefill"], answer["decode"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:  # some libraries talk on stdout too
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")


def _ours(variant: str, threads: int, prompts: list[list[int]]) -> Measure:
    engine = engine_for(variant, threads, prompts, spinning=True)  # as the peers' threads do
    return lambda asked: measure(engine, len(asked))


def _llama_cpp(gguf: Path, threads: int) -> Measure:
    """A server for each batch, with as many slots: one with more is slower. It is there only while it is measured."""

    def measured(prompts: list[list[int]]) -> tuple[float, float]:
        with _Peer(sys.executable, _SERVE_LLAMA_CPP, gguf, str(len(prompts)), str(threads)) as server:
            server.measure(prompts[:1])  # what is done once only
            return server.measure(prompts)

    return measured


def _rates(
    contestants: dict[str, Measure], batches: list[int], prompts: list[list[int]], rounds: int
) -> dict[str, dict[int, list[tuple[float, float]]]]:
    rates: dict[str, dict[int, list[tuple[float, float]]]] = {name: {} for name in contestants}
    for contestant in contestants.values():
        contestant(prompts[:1])  # what is done once only
    for _ in range(rounds):
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
    """The best of ours to the best peer, by medians; their ratio in each round."""
    ours = {name: statistics.median(values) for name, values in told.items() if name.startswith("pressroom")}
    theirs = {name: statistics.median(values) for name, values in told.items() if name not in ours}
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
