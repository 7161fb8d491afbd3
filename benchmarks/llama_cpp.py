"""llama.cpp on the same weights and prompts, through ``xllamacpp``: the peer beside the text engine."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import xllamacpp

PROMPT_TOKENS = 256


class LlamaCpp:
    """A server inside this process: ``parallel`` slots of ``context`` tokens."""

    package = "xllamacpp"

    def __init__(self, gguf: Path, parallel: int, threads: int, context: int = 512) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.cpuparams.n_threads = threads
        params.cpuparams_batch.n_threads = threads
        params.verbosity = -1
        plan = {
            "n_parallel": parallel,
            "n_ctx": context * parallel,
            "n_gpu_layers": 0,
            "cont_batching": True,
            "warmup": True,
            "kv_unified": False,
            "cache_ram_mib": 0,
        }
        for name, value in plan.items():
            setattr(params, name, value)
        self.flags = {"n_threads": threads, **plan}
        self._server = xllamacpp.Server(params)

    def measure(self, prompts: list[list[int]], tokens: int) -> tuple[float, float]:
        """(prefill, decode) tokens a second: all prompts at once, ``tokens`` greedy tokens each.

        Prefill ends when the last stream has its first token; decode is counted from then until the
        first stream is done.
        """
        arrivals: list[list[float]] = [[] for _ in prompts]
        streams = [
            threading.Thread(target=self.stream, args=(prompt, tokens, times))
            for prompt, times in zip(prompts, arrivals, strict=True)
        ]
        began = time.perf_counter()
        for stream in streams:
            stream.start()
        for stream in streams:
            stream.join()
        all_started = max(times[0] for times in arrivals)
        first_done = min(times[-1] for times in arrivals)
        counted = sum(all_started < at <= first_done for times in arrivals for at in times)
        prefill = sum(map(len, prompts)) / (all_started - began)
        return prefill, counted / (first_done - all_started)

    def run_all(self, prompts: list[list[int]], tokens: list[int]) -> float:
        """Seconds until all prompts, posted at once, have their number of greedy tokens."""
        streams = [
            threading.Thread(target=self.stream, args=(prompt, count, []))
            for prompt, count in zip(prompts, tokens, strict=True)
        ]
        began = time.perf_counter()
        for stream in streams:
            stream.start()
        for stream in streams:
            stream.join()
        return time.perf_counter() - began

    def stream(
        self, prompt: list[int], tokens: int, arrivals: list[float], *, keep: bool = False, heat: float = 0
    ) -> None:
        """One prompt; the time of each piece that comes is put into ``arrivals``. ``keep``: what the slot has read before is not read
        again; ``heat`` is the temperature."""
        request = {
            "prompt": prompt,
            "n_predict": tokens,
            "temperature": heat,
            "ignore_eos": True,
            "cache_prompt": keep,
            "stream": True,
            "return_tokens": True,
        }

        def take(piece: Any) -> bool:
            told = piece if isinstance(piece, dict) else json.loads(piece)
            if told["choices"][0]["finish_reason"] is None:
                arrivals.append(time.perf_counter())
            return False

        self._server.handle_completions(request, take)
