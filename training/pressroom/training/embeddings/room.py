"""Makes the recipe ``embeddings``: vectors of words from WordNet's text, what lies near what, and a map.

texts ─> words ─> loop ─> vectors.npy, vocabulary.json ─> nearest.txt, map.png, how often synonyms are near
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from pressroom.training import plots
from pressroom.training.data import wordnet
from pressroom.training.embeddings import near
from pressroom.training.embeddings.task import SkipGramTask
from pressroom.training.fitting import fitted
from pressroom.training.recipe import EmbeddingsRecipe
from pressroom.training.run import Run
from pressroom.training.text.preprocessing import normalise, words
from pressroom.training.text.vocabulary import SPECIAL, Vocabulary

_SHOWN, _NEAR, _ON_MAP = 40, 8, 160


def make(recipe: EmbeddingsRecipe, run: Run) -> dict[str, float]:
    """Everything, into the run's folder; the metrics."""
    texts, synonyms = wordnet.load(run.data, say=run.say), wordnet.synonyms(run.data)
    return make_from(texts, synonyms, recipe, run)


def make_from(
    texts: Sequence[str], synonyms: Sequence[tuple[str, str]], recipe: EmbeddingsRecipe, run: Run
) -> dict[str, float]:
    """The same of any texts and pairs of words that mean the same."""
    cut = [words(normalise(text)) for text in texts]
    vocabulary = Vocabulary.of((word for text in cut for word in text), least_count=recipe.least_count)
    run.say(f"{len(texts):,} texts, {sum(map(len, cut)):,} words, {len(vocabulary):,} of them known")
    torch.manual_seed(recipe.plan.seed)
    numbers = [vocabulary.encode(text) for text in cut if text]
    task = SkipGramTask(
        numbers, len(vocabulary), recipe.width, window=recipe.window, drawn=recipe.drawn, kept=recipe.kept
    )
    outcome = fitted(task, recipe.plan, recipe.digest(), run)
    vectors = task.model.middle.weight.detach().numpy()
    np.save(run.folder / "vectors.npy", vectors)
    vocabulary.write(run.folder / "vocabulary.json")
    towards = near.directions(vectors)
    shown = [
        number for number, word in enumerate(vocabulary.words) if number >= len(SPECIAL) and len(word) > 3
    ]
    _write_nearest(towards, vocabulary, shown[:_SHOWN], run)
    on_map = shown[:_ON_MAP]
    plots.word_map(near.flat(towards, on_map), vocabulary.decode(on_map), run.folder / "map.png")
    return {
        "held_out_nats": round(outcome.best_score, 4),
        "synonyms_closer_than_chance": round(
            near.closer_than_chance(towards, _known(synonyms, vocabulary)), 4
        ),
        "words": float(len(vocabulary)),
    }


def _known(synonyms: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> Iterator[tuple[int, int]]:
    for pair in synonyms:
        first, second = vocabulary.encode(map(normalise, pair))
        if first and second and first != second:
            yield first, second


def _write_nearest(towards: near.Vectors, vocabulary: Vocabulary, chosen: Sequence[int], run: Run) -> None:
    lines = []
    for number in chosen:
        found = near.nearest(towards, number, _NEAR)
        told = ", ".join(f"{vocabulary.words[other]} {cosine:.2f}" for other, cosine in found)
        lines.append(f"{vocabulary.words[number]}: {told}")
    (run.folder / "nearest.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
