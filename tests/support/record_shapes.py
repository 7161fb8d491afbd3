"""``python -m tests.support.record_shapes``: writes down what transformers computes with the tiny models.

Not a part of the tests: it needs transformers and torch, which nothing else here does. Run it again when
``tiny_shapes`` changes; the tests say so when it has.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from tests.support.tiny_shapes import RECORDS, SHAPES, TOKENS, digest, tiny_tensors, write_tiny_folder


def main() -> None:
    import torch
    import transformers

    RECORDS.mkdir(parents=True, exist_ok=True)
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as scratch, torch.no_grad():
            folder = write_tiny_folder(Path(scratch) / shape, shape)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager"
            )
            logits = model.eval()(torch.tensor([TOKENS])).logits[0].numpy()
        np.savez_compressed(
            RECORDS / f"{shape}.npz",
            logits=logits.astype(np.float32),
            weights=np.array(digest(tiny_tensors(shape))),
            transformers=np.array(transformers.__version__),
        )
        print(f"{shape}: {type(model).__name__}, {np.abs(logits).max():.2f}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
