"""``python scripts/zoo_all_minilm.py MODEL_FOLDER``: writes what all-MiniLM-L6-v2 is held against when it is pulled.

For an environment of its own with sentence-transformers and torch, which Pressroom does not need. MODEL_FOLDER is the folder
``model`` of the wheel that ``model_zoo/all-minilm-l6-v2/manifest.json`` names. Prints the mark of the file for the manifest.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import sentence_transformers

FOLDER = Path(__file__).parents[1] / "model_zoo" / "all-minilm-l6-v2"

TEXTS = (
    "A warm oak floor lamp with a linen shade.",
    "Standing light made of wood",
    "Quarterly revenue rose by 4 % to 12.3 million euros.",
    "lamp",
    "Café crème, naïve façade; Übergröße!",
    "它是一盏橡木落地灯。",
    "The reading corner wants a light that can be turned and dimmed. " * 14,
    "SKU 4711-B, 24 V, IP44",
)


def main(model_folder: str) -> None:
    """The vectors of the original, and the tokens that it has read."""
    original = sentence_transformers.SentenceTransformer(model_folder, device="cpu")
    vectors = original.encode(list(TEXTS), normalize_embeddings=True, batch_size=1)
    ids = [original.tokenizer(text)["input_ids"] for text in TEXTS]
    lengths = np.array([len(each) for each in ids], np.int64)
    tokens = np.zeros((len(ids), lengths.max()), np.int64)
    for n, each in enumerate(ids):
        tokens[n, : len(each)] = each
    file = FOLDER / "golden.npz"
    arrays: dict[str, Any] = {
        "texts": np.array(TEXTS),
        "reader/in/tokens": tokens,
        "reader/in/lengths": lengths,
        "reader/out/vectors": np.asarray(vectors, np.float32),
    }
    np.savez_compressed(file, **arrays)
    content = file.read_bytes()
    print(
        f"{file.name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}; {lengths} tokens"
    )


if __name__ == "__main__":
    main(sys.argv[1])
