"""Makes a recipe of kind ``language``: learns pieces and words from WordNet's text, and leaves a folder to import.

texts ─> tokens ─> loop ─> model/ (parity) ─> curves.png, samples.txt, perplexities
"""

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from pressroom.training.data import wordnet
from pressroom.training.fitting import fitted
from pressroom.training.language.folder import MODEL, SAMPLES, write_folder
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.language.lstm import Lstm, LstmConfig
from pressroom.training.language.task import LanguageTask
from pressroom.training.language.tokens import corpus
from pressroom.training.recipe import LanguageRecipe
from pressroom.training.run import Run
from pressroom.training.text.kneser_ney import KneserNey
from pressroom.training.text.vocabulary import BEGIN, END

COUNT, LONGEST, TEMPERATURE = 12, 60, 0.8
COUNTED = 5
"""Tokens of the runs that the counting model knows, which the network has to beat on the same texts."""


def make(recipe: LanguageRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics of the texts that were held out."""
    return make_from(wordnet.load(run.data, say=run.say), recipe, run)


def make_from(texts: Sequence[str], recipe: LanguageRecipe, run: Run) -> dict[str, float]:
    """The same of any texts."""
    found = corpus(texts, recipe.vocabulary, recipe.context, seed=recipe.plan.seed)
    run.say(
        f"{len(texts):,} texts, {found.train.size:,} tokens to train on in {found.tokenizer.get_vocab_size():,} kinds, "
        f"{found.scored:,} held out"
    )
    torch.manual_seed(recipe.plan.seed)
    network = _network(recipe, found.tokenizer.get_vocab_size())
    task = LanguageTask(network, found, optimiser=recipe.optimiser, precision=recipe.precision)
    scores = fitted(task, recipe.plan, recipe.digest(), run).best
    difference = write_folder(network, found.tokenizer, run.folder / MODEL)
    lines = samples(network, found.tokenizer, recipe.context, seed=recipe.plan.seed)
    (run.folder / SAMPLES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    run.say(f"`pressroom models import {run.folder / MODEL}` takes it from here")
    stream = np.append(found.train[:, :-1].ravel(), found.train[-1, -1])
    counted = KneserNey(stream, COUNTED, found.tokenizer.get_vocab_size())
    return {
        "held_out_nats": round(scores["score"], 4),
        "held_out_perplexity": round(scores["perplexity"], 2),
        "held_out_word_perplexity": round(scores["word_perplexity"], 2),
        f"kneser_ney_{COUNTED}_perplexity": round(counted.perplexity(found.held_out), 2),
        "parity": float(f"{difference:.1e}"),
    }


@torch.no_grad()
def samples(
    network: Lstm | Gpt, tokenizer: Tokenizer, context: int, *, count: int = COUNT, seed: int = 0
) -> list[str]:
    """Texts that the network begins itself, with the chances that it gives at a temperature below 1."""
    network.eval()
    dice = torch.Generator().manual_seed(seed)
    begin, end = tokenizer.token_to_id(BEGIN), tokenizer.token_to_id(END)
    texts = torch.full((count, 1), begin)  # (B, T), which grows
    for _ in range(min(LONGEST, context - 1)):
        chances = (network(texts)[:, -1] / TEMPERATURE).softmax(-1)  # (B, V)
        texts = torch.cat([texts, torch.multinomial(chances, 1, generator=dice)], dim=1)
    lines = []
    for row in texts[:, 1:].tolist():
        said = row[: row.index(end)] if end in row else row
        lines.append(" ".join(tokenizer.decode(said).split()))
    return lines


def _network(recipe: LanguageRecipe, vocabulary: int) -> Lstm | Gpt:
    if recipe.network == "lstm":
        return Lstm(LstmConfig(vocabulary, recipe.embedding, recipe.width, recipe.layers, recipe.dropout))
    return Gpt(
        GptConfig(vocabulary, recipe.context, recipe.width, recipe.layers, recipe.heads, recipe.dropout)
    )
