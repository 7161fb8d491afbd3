"""How near texts are to facts, by an embedding model: the cosine of their vectors, beside the engine and not in it.

A few short texts take some milliseconds; whoever ends a job asks, in a thread of its own, so that the engine waits for nobody.
"""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from pressroom.engines.reading.readers import Embedder


class EmbeddedLikeness:
    """Opened with the first question. Thread-safe."""

    def __init__(self, open_reader: Callable[[], Embedder]) -> None:
        self._open = open_reader
        self._lock = threading.Lock()
        self._reader: Embedder | None = None

    def __call__(self, texts: Sequence[str], facts: str) -> Sequence[float]:
        """From 0 to 1, of each text."""
        if not texts or not facts.strip():
            return [0.0] * len(texts)
        with self._lock:
            if self._reader is None:
                self._reader = self._open()
            reader = self._reader
        vectors = reader.read([reader.heard(text or " ").ids for text in (facts, *texts)])  # (1 + N, D)
        return [float(each) for each in np.clip(vectors[1:] @ vectors[0], 0, 1)]
