"""Requests that come one by one, as people send them: Poisson arrivals of mixed lengths, through the whole service.

    make bench-arrivals, or python benchmarks/text_arrivals.py [--seconds 60] [--variant i8] [--peers var/peers]

The engine alone on the same requests says what capacity is. Then, on real processes:

    overload   1.5 times as many as that: output tokens a second, as a share of the engine alone under the very same
               arrivals (goal: 0.9; as a share of what it does with all of them there from the beginning, too), and
               what each process took of the processor
    calm       0.7 times: each job is streamed; time to its first token and time per token after it, beside
               llama.cpp's slots in this process under the very same arrivals, and beside OpenVINO GenAI's pipeline
               where ``peers/prepare.py`` has made it

Whoever posts is a thread of its own, so that a slow answer delays nobody's arrival.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bare_loop import Figures, run_bare_loop
from cpu_use import CpuUse
from live_stack import ended_job, key_for, live_stack, span_s
from llama_cpp import LlamaCpp
from models import default_text_manifest, default_text_model
from peer_process import SERVE, PeerProcess
from prompts import generation, request_for
from record import record

from pressroom.adapters.models.wheel import fetched_member
from pressroom.catalog.prompt import load_tokenizer
from pressroom.catalog.text_spec import TOKENIZER_FILE, read_text_spec
from pressroom.client import Client
from pressroom.contract.jobs import JobView
from pressroom.engines.base import TextGeneration
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.prompt import PromptReader

SLOTS, THREADS, SLOT_TOKENS = 32, 2, 1_024
OVERLOAD, CALM = 1.5, 0.7


@dataclass
class Stream:
    """When it was posted and when its pieces came, in seconds of ``time.perf_counter``."""

    posted: float
    arrivals: list[float] = field(default_factory=list)
    tokens: int = 0

    @property
    def first_s(self) -> float:
        return self.arrivals[0] - self.posted

    @property
    def per_token_s(self) -> float:
        return (self.arrivals[-1] - self.arrivals[0]) / max(1, self.tokens - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--variant", default="i8")
    parser.add_argument("--peers", type=Path, default=Path("var/peers"))
    arguments = parser.parse_args()
    bare = _bare(arguments.variant, [_mixed(number) for number in range(96)])
    jobs_a_second = bare.requests / bare.seconds
    busy = _arrivals(OVERLOAD * jobs_a_second, arguments.seconds)
    calm = _arrivals(CALM * jobs_a_second, arguments.seconds)
    with live_stack(
        text_variant=arguments.variant,
        text_slots=SLOTS,
        text_threads=THREADS,
        text_slot_tokens=SLOT_TOKENS,
        text_prefix_bytes=0,
    ) as stack:
        client = Client(stack.address, key_for(stack, "bench"))
        _streamed(client, [0.0])
        ours = _streamed(client, calm)
        use, began = CpuUse(stack.pids), time.perf_counter()
        jobs = _posted(client, busy)
        cores = {
            name: round(seconds / (time.perf_counter() - began), 3) for name, seconds in use.seconds().items()
        }
    requests = [_mixed(number) for number in range(len(busy))]
    alike, full = _bare(arguments.variant, requests, busy), _bare(arguments.variant, requests)
    rate = sum(job.usage.tokens_out for job in jobs) / span_s(jobs)
    peers = {"llama_cpp": _told(_llama_cpp(calm))}
    if (arguments.peers / "openvino").is_dir():
        peers["openvino"] = _told(_openvino(arguments.peers, calm))
    record(
        "text_arrivals",
        {
            "variant": arguments.variant,
            "slots": SLOTS,
            "threads": THREADS,
            "seconds": arguments.seconds,
            "jobs_a_second_at_capacity": round(jobs_a_second, 2),
            "overload": {
                "jobs": len(jobs),
                "tokens_per_s": round(rate, 1),
                "bare_engine_tokens_per_s": round(alike.tokens_out_per_s, 1),
                "share": round(rate / alike.tokens_out_per_s, 3),
                "full_engine_tokens_per_s": round(full.tokens_out_per_s, 1),
                "share_of_full_engine": round(rate / full.tokens_out_per_s, 3),
                "cores": cores,
            },
            "calm": {"jobs": len(calm), "pressroom": _told(ours), **peers},
        },
    )


def _mixed(number: int) -> TextGeneration:
    """One text each, of 16 to 96 tokens, and not one less: peers make as many."""
    tokens = 16 + 16 * (number % 6)
    each = generation(number, max_tokens=tokens)
    params = each.params.model_copy(update={"n": 1, "stop": (), "min_tokens": tokens})
    return TextGeneration(each.key, params, messages=each.messages)


def _bare(
    variant: str, generations: Sequence[TextGeneration], arrivals: Sequence[float] | None = None
) -> Figures:
    engine = open_text_engine(
        default_text_model(variant),
        variant=variant,
        provider="cpu",
        threads=THREADS,
        slots=SLOTS,
        slot_tokens=SLOT_TOKENS,
        prefix_bytes=0,
    )
    with closing(engine):
        engine.warm_up()
        return run_bare_loop(engine, generations, arrivals)


def _arrivals(a_second: float, seconds: float) -> list[float]:
    """Seconds from the beginning; the pauses between them are exponential."""
    dice, at, arrivals = random.Random(5), 0.0, list[float]()
    while (at := at + dice.expovariate(a_second)) < seconds:
        arrivals.append(at)
    return arrivals


def _each_at(arrivals: Sequence[float], do: Callable[[int], None]) -> None:
    """Call ``do(n)`` in a thread of its own when its time has come; wait for all."""
    began = time.perf_counter()
    threads = []
    for number, at in enumerate(arrivals):
        time.sleep(max(0.0, began + at - time.perf_counter()))
        threads.append(threading.Thread(target=do, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _streamed(client: Client, arrivals: Sequence[float]) -> list[Stream]:
    model = default_text_manifest().name
    streams: list[Stream] = []

    def follow(number: int) -> None:
        stream = Stream(time.perf_counter())
        job = client.submit(request_for(_mixed(number), model))
        for _ in client.stream_text(job.id):
            stream.arrivals.append(time.perf_counter())
        stream.tokens = client.job(job.id).usage.tokens_out
        streams.append(stream)

    _each_at(arrivals, follow)
    return streams


def _posted(client: Client, arrivals: Sequence[float]) -> list[JobView]:
    model = default_text_manifest().name
    ids: list[str] = []
    _each_at(arrivals, lambda number: ids.append(client.submit(request_for(_mixed(number), model)).id))
    return [ended_job(client, job_id) for job_id in ids]


def _reader() -> PromptReader:
    folder = default_text_model()
    return PromptReader(load_tokenizer(folder / TOKENIZER_FILE), read_text_spec(folder))


def _openvino(folder: Path, arrivals: Sequence[float]) -> list[Stream]:
    """Its pipeline is driven in its own process; nothing lies between it and who asks."""
    reader, requests = _reader(), [_mixed(number) for number in range(len(arrivals))]
    prompts = [list(reader.read(each, SLOT_TOKENS)) for each in requests]
    tokens = [each.params.max_tokens for each in requests]
    command = (folder / "venv/bin/python", SERVE, "openvino", folder / "openvino", str(THREADS))
    with PeerProcess(*command) as peer:
        peer.ask(prompts=[[1_000] * 16], tokens=4)
        streams = peer.ask(prompts=prompts, tokens=tokens, arrivals=list(arrivals))["streams"]
    return [Stream(at, came, len(came)) for at, came in zip(arrivals, streams, strict=True)]


def _llama_cpp(arrivals: Sequence[float]) -> list[Stream]:
    reader = _reader()
    source = default_text_manifest().source
    assert source is not None
    streams: list[Stream] = []
    with tempfile.TemporaryDirectory() as scratch, fetched_member(source, Path(scratch)) as gguf:
        peer = LlamaCpp(gguf, SLOTS, THREADS, context=SLOT_TOKENS)
        peer.run_all([[1_000] * 16], [4])

        def follow(number: int) -> None:
            each = _mixed(number)
            prompt = list(reader.read(each, SLOT_TOKENS))
            stream = Stream(time.perf_counter())
            peer.stream(prompt, each.params.max_tokens, stream.arrivals)
            stream.tokens = each.params.max_tokens
            streams.append(stream)

        _each_at(arrivals, follow)
    return streams


def _told(streams: Sequence[Stream]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, values in (
        ("first_token_ms", [stream.first_s for stream in streams if stream.arrivals]),
        ("per_token_ms", [stream.per_token_s for stream in streams if stream.arrivals]),
    ):
        cuts = statistics.quantiles(values, n=20)
        figures[name] = {
            "p50": round(1000 * cuts[9], 1),
            "p95": round(1000 * cuts[18], 1),
            "max": round(1000 * max(values), 1),
        }
    return figures


if __name__ == "__main__":
    main()
