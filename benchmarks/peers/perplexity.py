"""A peer's perplexity of a text, by its own environment's python: what its weight format costs.

    python perplexity.py openvino|ctranslate2|transformers|genai FOLDER < ids.json

Reads a list of token ids and prints ``{"perplexity": …}``: exp of the mean negative log chance of each token that
follows, all of them in one pass, or one by one where a library tells the last logits alone. llama.cpp's formats are
measured by their weights (``text_quality.py``).
"""

import json
import sys
from typing import Any


def openvino(folder: str, ids: list[int]) -> Any:
    """Logits (S, V)."""
    import numpy as np
    import openvino as ov

    request = ov.Core().compile_model(f"{folder}/openvino_model.xml", "CPU").create_infer_request()
    tokens = np.array([ids], np.int64)
    fed = {
        "input_ids": tokens,
        "attention_mask": np.ones_like(tokens),
        "position_ids": np.arange(len(ids), dtype=np.int64)[None],
        "beam_idx": np.zeros(1, np.int32),
    }
    return request.infer(fed)["logits"][0]


def ctranslate2(folder: str, ids: list[int]) -> Any:
    """Logits (S, V)."""
    import numpy as np
    from ctranslate2 import Generator

    generator = Generator(folder, device="cpu", compute_type="int8")
    return np.array(generator.forward_batch([ids]))[0]


def transformers(folder: str, ids: list[int]) -> Any:
    """Logits (S, V)."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].numpy()


def genai(folder: str, ids: list[int]) -> Any:
    """Logits (S, V), a token at a time."""
    import numpy as np
    import onnxruntime_genai

    model = onnxruntime_genai.Model(folder)
    parameters = onnxruntime_genai.GeneratorParams(model)
    parameters.set_search_options(max_length=len(ids) + 1, do_sample=False)
    generator = onnxruntime_genai.Generator(model, parameters)
    found = []
    for token in ids:
        generator.append_tokens(np.array([[token]], np.int32))
        found.append(np.array(generator.get_logits()).reshape(-1))
    return np.stack(found)


def perplexity(logits: Any, ids: list[int]) -> float:
    import numpy as np

    wide = logits.astype(np.float64)
    wide -= wide.max(axis=-1, keepdims=True)
    chances = wide - np.log(np.exp(wide).sum(axis=-1, keepdims=True))
    return float(np.exp(-chances[np.arange(len(ids) - 1), ids[1:]].mean()))


if __name__ == "__main__":
    kind, folder = sys.argv[1:]
    given: list[int] = json.load(sys.stdin)
    kinds = {"openvino": openvino, "ctranslate2": ctranslate2, "transformers": transformers, "genai": genai}
    logits = kinds[kind](folder, given)
    print(json.dumps({"perplexity": perplexity(logits, given)}))
