"""One peer in a process of its own: the peers' libraries do not live side by side, nor with ours.

    python serve.py openvino|ctranslate2|genai|transformers FOLDER THREADS

Reads lines of ``{"prompts": [[…]], "tokens": n}`` and answers each with ``{"prefill": …, "decode": …}``, in tokens a
second: all prompts at once, n greedy tokens each, the end of text ignored. Prefill ends when the last of them has
its first token; decode is what follows, until the first of them is done. The first line out tells name, version and flags.
``{"prompts": …, "tokens": [n, …], "arrivals": [seconds, …]}`` is answered by OpenVINO with ``{"streams": [[seconds, …], …]}``.
"""

import json
import sys
import time
from importlib.metadata import version
from typing import Any


class OpenVino:
    """Its continuous batching, step by step."""

    package = "openvino-genai"

    def __init__(self, folder: str, threads: int) -> None:
        import openvino
        import openvino_genai as genai

        self._tensor = openvino.Tensor
        scheduler = genai.SchedulerConfig()
        plan = {
            "cache_size": 2,
            "max_num_batched_tokens": 8_192,
            "max_num_seqs": 64,
            "dynamic_split_fuse": False,
            "enable_prefix_caching": False,
        }
        for name, value in plan.items():
            setattr(scheduler, name, value)
        properties = {
            "INFERENCE_NUM_THREADS": threads,
            "SCHEDULING_CORE_TYPE": "ANY_CORE",
            "PERFORMANCE_HINT": "LATENCY",
        }
        self.flags = {**plan, **properties}
        self._pipe = genai.ContinuousBatchingPipeline(folder, scheduler, "CPU", properties)
        self._wanted = genai.GenerationConfig()
        self._wanted.ignore_eos = True
        self._wanted.do_sample = False
        self._count = 0

    def measure(self, prompts: list[list[int]], tokens: int) -> tuple[float, float]:
        import numpy as np

        self._wanted.max_new_tokens = tokens
        began = time.perf_counter()
        handles = []
        for prompt in prompts:
            self._count += 1
            ids = self._tensor(np.array([prompt], np.int64))
            handles.append(self._pipe.add_request(self._count, ids, self._wanted))
        said = [0] * len(prompts)
        all_started, before = 0.0, 0
        while self._pipe.has_non_finished_requests():
            self._pipe.step()
            now = time.perf_counter()
            for number, handle in enumerate(handles):
                if handle.can_read():
                    said[number] += sum(len(output.generated_ids) for output in handle.read().values())
            if not all_started and min(said) >= 1:
                all_started, before = now, sum(said)
            if max(said) == tokens:
                break
        while self._pipe.has_non_finished_requests():
            self._pipe.step()
        prefill = sum(map(len, prompts)) / (all_started - began)
        return prefill, (sum(said) - before) / (now - all_started)

    def arrive(self, prompts: list[list[int]], tokens: list[int], arrivals: list[float]) -> list[list[float]]:
        """Each prompt is added when its time has come; when each of its tokens came, from the beginning."""
        import numpy as np

        handles: list[Any] = []
        streams: list[list[float]] = [[] for _ in prompts]
        began = time.perf_counter()
        while len(handles) < len(prompts) or self._pipe.has_non_finished_requests():
            now = time.perf_counter() - began
            while len(handles) < len(prompts) and arrivals[len(handles)] <= now:
                number = len(handles)
                self._wanted.max_new_tokens = tokens[number]
                self._count += 1
                ids = self._tensor(np.array([prompts[number]], np.int64))
                handles.append(self._pipe.add_request(self._count, ids, self._wanted))
            if not self._pipe.has_non_finished_requests():
                time.sleep(max(0.0, arrivals[len(handles)] - now))
                continue
            self._pipe.step()
            now = time.perf_counter() - began
            for stream, handle in zip(streams, handles, strict=False):
                if handle.can_read():
                    stream += [now] * sum(len(output.generated_ids) for output in handle.read().values())
        return streams


class CTranslate2:
    """One batch from beginning to end; its prompts' time is that of a run for one token."""

    package = "ctranslate2"

    def __init__(self, folder: str, threads: int) -> None:
        import ctranslate2

        self.flags = {"compute_type": "int8", "inter_threads": 1, "intra_threads": threads}
        self._generator = ctranslate2.Generator(folder, device="cpu", **self.flags)
        with open(f"{folder}/vocabulary.json", encoding="utf-8") as file:
            self._words = json.load(file)

    def measure(self, prompts: list[list[int]], tokens: int) -> tuple[float, float]:
        one, all_of_them = self._seconds(prompts, 1), self._seconds(prompts, tokens)
        return sum(map(len, prompts)) / one, len(prompts) * (tokens - 1) / (all_of_them - one)

    def _seconds(self, prompts: list[list[int]], tokens: int) -> float:
        spelled = [[self._words[token] for token in prompt] for prompt in prompts]
        began = time.perf_counter()
        self._generator.generate_batch(
            spelled,
            max_length=tokens,
            min_length=tokens,
            sampling_topk=1,
            beam_size=1,
            include_prompt_in_result=False,
            end_token=[],
            max_batch_size=0,
        )
        return time.perf_counter() - began


class Genai:
    """The Generator of onnxruntime-genai, one batch from beginning to end."""

    package = "onnxruntime-genai"

    def __init__(self, folder: str, threads: int) -> None:
        import onnxruntime_genai as genai

        self._genai = genai
        config = genai.Config(folder)
        self.flags = {"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}
        config.overlay(json.dumps(self.flags))
        self._model = genai.Model(config)

    def measure(self, prompts: list[list[int]], tokens: int) -> tuple[float, float]:
        import numpy as np

        parameters = self._genai.GeneratorParams(self._model)
        length = len(prompts[0]) + tokens
        parameters.set_search_options(
            batch_size=len(prompts), max_length=length, min_length=length, do_sample=False
        )
        began = time.perf_counter()
        generator = self._genai.Generator(self._model, parameters)
        generator.append_tokens(np.array(prompts, np.int32))
        generator.generate_next_token()
        all_started = time.perf_counter()
        for _ in range(tokens - 1):
            generator.generate_next_token()
        done = time.perf_counter()
        prefill = sum(map(len, prompts)) / (all_started - began)
        return prefill, len(prompts) * (tokens - 1) / (done - all_started)


class Transformers:
    """The model itself in float32, with a greedy loop around it."""

    package = "transformers"

    def __init__(self, folder: str, threads: int) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(threads)
        self.flags = {"num_threads": threads, "dtype": "float32", "use_cache": True}
        self._torch = torch
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def measure(self, prompts: list[list[int]], tokens: int) -> tuple[float, float]:
        torch = self._torch
        with torch.inference_mode():
            began = time.perf_counter()
            out = self._model(torch.tensor(prompts), use_cache=True, logits_to_keep=1)
            all_started = time.perf_counter()
            for _ in range(tokens - 1):
                chosen = out.logits[:, -1:].argmax(-1)
                out = self._model(chosen, past_key_values=out.past_key_values, use_cache=True)
            done = time.perf_counter()
        prefill = sum(map(len, prompts)) / (all_started - began)
        return prefill, len(prompts) * (tokens - 1) / (done - all_started)


KINDS: dict[str, Any] = {
    "openvino": OpenVino,
    "ctranslate2": CTranslate2,
    "genai": Genai,
    "transformers": Transformers,
}


def main() -> None:
    kind, folder, threads = sys.argv[1:]
    answer(kind, KINDS[kind](folder, int(threads)))


def answer(name: str, peer: Any) -> None:
    """Say who it is, then measure what each line asks for. ``peer.package`` is its library, ``flags`` how it is set."""
    print(json.dumps({"name": name, "version": version(peer.package), "flags": peer.flags}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "arrivals" in asked:
            streams = peer.arrive(asked["prompts"], asked["tokens"], asked["arrivals"])
            print(json.dumps({"streams": streams}), flush=True)
            continue
        prefill, decode = peer.measure(asked["prompts"], asked["tokens"])
        print(json.dumps({"prefill": prefill, "decode": decode}), flush=True)


if __name__ == "__main__":
    main()
