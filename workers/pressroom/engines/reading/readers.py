"""How a text becomes numbers: by a sentence encoder that gives a vector, or by a classifier over its words.

text ─ Embedder.heard ─> ids with their marks ─ read ─> (B, D) unit vectors
text ─ Moderator.heard ─> ids of known words  ─ read ─> (B, C) chances
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from pressroom.catalog.prompt import load_tokenizer
from pressroom.engines.base import EngineUnavailable, Numbers
from pressroom.engines.sessions import Session


@dataclass(frozen=True, slots=True)
class Heard:
    """A text as its model takes it; ``tokens`` of it were read, and with ``cut`` there were more."""

    ids: tuple[int, ...]
    tokens: int
    cut: bool = False


class Reader(Protocol):
    """One model. Only ``read`` runs it."""

    def heard(self, text: str) -> Heard:
        """The text, cut to what the model reads."""

    def read(self, rows: Sequence[tuple[int, ...]]) -> Numbers:
        """(N, W) of N texts."""


class Embedder:
    """A BERT with its pooling: tokens (B, S) int64, lengths (B,) int64 -> vectors (B, D) float32 of length 1.

    Devlin et al. 2019; the mean of the last layer as Reimers and Gurevych 2019 (section 3) take it."""

    def __init__(self, session: Session, tokenizer: Path, context: int) -> None:
        self._session = session
        self._context = context
        self._tokenizer = load_tokenizer(tokenizer)
        # A published file may say that everything is cut or filled to some length: that is decided here.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def heard(self, text: str) -> Heard:
        # "[SEP]" in a text is that word, not a mark of its end.
        self._tokenizer.encode_special_tokens = True
        ids: list[int] = self._tokenizer.encode(text).ids
        if len(ids) <= self._context:
            return Heard(tuple(ids), len(ids))
        kept = (*ids[: self._context - 1], ids[-1])
        return Heard(kept, len(kept), cut=True)

    def read(self, rows: Sequence[tuple[int, ...]]) -> Numbers:
        lengths = np.array([len(row) for row in rows], np.int64)
        tokens = np.zeros(
            (len(rows), int(lengths.max())), np.int64
        )  # (B, S), filled with what nobody looks at
        for n, row in enumerate(rows):
            tokens[n, : len(row)] = row
        (vectors,) = self._session.run({"tokens": tokens, "lengths": lengths})
        return np.asarray(vectors, np.float32)


class Moderator:
    """A linear classifier over the words of a text: counts (B, V) float32 -> chances (B, C) float32."""

    _WORD = re.compile(r"\b\w\w+\b")

    def __init__(self, session: Session, words: Path, context: int) -> None:
        self._session = session
        self._context = context
        try:
            listed = json.loads(words.read_text(encoding="utf-8"))
            self._known = {str(word): n for n, word in enumerate(listed)}
        except (OSError, ValueError, TypeError) as error:
            raise EngineUnavailable(
                f"{words} is no list of words ({error}). Install the model again."
            ) from error

    def heard(self, text: str) -> Heard:
        words = self._WORD.findall(text.lower())
        read = words[: self._context]
        ids = tuple(self._known[word] for word in read if word in self._known)
        return Heard(ids, len(read), cut=len(words) > len(read))

    def read(self, rows: Sequence[tuple[int, ...]]) -> Numbers:
        counts = np.zeros((len(rows), len(self._known)), np.float32)  # (B, V)
        for n, row in enumerate(rows):
            np.add.at(counts[n], list(row), 1)
        (chances,) = self._session.run({"counts": counts})
        return np.asarray(chances, np.float32)
