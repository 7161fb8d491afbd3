"""A corpus as numbers: a vocabulary of pieces learnt from it, and texts one behind the other.

    texts ─(byte-level BPE: Sennrich et al. 2016; bytes as Radford et al. 2019)─> <s> pieces … </s> <s> pieces … ─> rows

A row is ``context`` tokens and the one behind them. Every fiftieth text is held out.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from pressroom.training.text.vocabulary import BEGIN, END

HELD_OUT = 50


@dataclass(frozen=True, slots=True)
class Corpus:
    """``train`` and ``held_out``: rows (N, context + 1) int32. ``words``, ``scored``: how many words and how many
    tokens the held-out rows have, so that a perplexity can be told by word whatever the pieces."""

    tokenizer: Tokenizer
    train: NDArray[np.int32]
    held_out: NDArray[np.int32]
    words: int

    @property
    def scored(self) -> int:
        return self.held_out.shape[0] * (self.held_out.shape[1] - 1)


def corpus(texts: Sequence[str], vocabulary: int, context: int, *, seed: int = 0) -> Corpus:
    """The pieces are learnt from what is trained on alone. Texts come in an order that ``seed`` gives.

    :raises ValueError: there is too little text for a row.
    """
    order = np.random.default_rng(seed).permutation(len(texts))
    held_out = [texts[at] for at in order if at % HELD_OUT == 0]
    train = [texts[at] for at in order if at % HELD_OUT]
    tokenizer = learnt(train, vocabulary)
    rows, held_rows = (_rows(tokenizer, part, context) for part in (train, held_out))
    words = sum(len(text.split()) for text in held_out)
    share = held_rows[:, 1:].size / max(1, sum(len(each) + 2 for each in _encoded(tokenizer, held_out)))
    return Corpus(tokenizer, rows, held_rows, round(words * share))


def learnt(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Numbers 0 and 1 are where a text begins and ends."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[BEGIN, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    begin = tokenizer.token_to_id(BEGIN)
    tokenizer.post_processor = processors.TemplateProcessing(f"{BEGIN} $A", special_tokens=[(BEGIN, begin)])
    return tokenizer


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """As a model's folder has it."""
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def _rows(tokenizer: Tokenizer, texts: Sequence[str], context: int) -> NDArray[np.int32]:
    """(N, context + 1), each beginning with the last of the one before; what is left over is dropped."""
    begin, end = tokenizer.token_to_id(BEGIN), tokenizer.token_to_id(END)
    stream = np.array([token for ids in _encoded(tokenizer, texts) for token in (begin, *ids, end)], np.int32)
    count = (len(stream) - 1) // context
    if count < 1:
        raise ValueError(f"there are {len(stream)} tokens, too few for a row of {context}")
    starts = np.arange(count)[:, None] * context
    rows: NDArray[np.int32] = stream[starts + np.arange(context + 1)]
    return rows
