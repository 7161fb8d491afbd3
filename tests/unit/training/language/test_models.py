"""Both networks: what each looks at, and that both learn what can be learnt."""

import math
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from pressroom.training.language.gpt import Gpt, GptConfig, angles, turned
from pressroom.training.language.lstm import Lstm, LstmConfig
from pressroom.training.language.task import LanguageTask, cross_entropy
from pressroom.training.language.tokens import Corpus, corpus, learnt
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import train

pytestmark = pytest.mark.train

VOCABULARY = 30


def _network(kind: str) -> nn.Module:
    torch.manual_seed(0)
    if kind == "lstm":
        return Lstm(LstmConfig(VOCABULARY, 16, 48, 1, 0.0)).eval()
    return Gpt(GptConfig(VOCABULARY, 16, 32, 2, 2, 0.0)).eval()


@pytest.mark.parametrize("kind", ["lstm", "gpt"])
def test_nothing_is_known_of_what_comes_later(kind: str) -> None:
    network = _network(kind)
    tokens = torch.randint(0, VOCABULARY, (2, 12))
    changed = tokens.clone()
    changed[:, 7] = (changed[:, 7] + 1) % VOCABULARY
    before, after = network(tokens), network(changed)
    assert torch.equal(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7:], after[:, 7:])


@pytest.mark.parametrize("kind", ["lstm", "gpt"])
def test_what_came_long_before_still_counts(kind: str) -> None:
    network = _network(kind)
    tokens = torch.randint(0, VOCABULARY, (1, 12))
    changed = tokens.clone()
    changed[0, 0] = (changed[0, 0] + 1) % VOCABULARY
    assert not torch.equal(network(tokens)[0, -1], network(changed)[0, -1])


def test_a_turn_depends_on_the_distance_alone() -> None:
    cos, sin = angles(40, 8, torch.device("cpu"))
    q, k = torch.randn(8), torch.randn(8)
    at = [turned(q, cos[i], sin[i]) @ turned(k, cos[i + 5], sin[i + 5]) for i in (0, 10, 30)]
    assert [float(each) for each in at] == pytest.approx([float(at[0])] * 3, rel=1e-4)
    assert float(turned(q, cos[3], sin[3]).norm()) == pytest.approx(float(q.norm()), rel=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "gpt"])
def test_at_first_every_token_is_about_as_likely(kind: str) -> None:
    cost = cross_entropy(_network(kind), torch.randint(0, VOCABULARY, (20, 13)))
    assert cost.shape == (20, 12)
    assert float(cost.detach().mean()) == pytest.approx(math.log(VOCABULARY), rel=0.05)


def _counting() -> Corpus:
    """Each token is one more than the one before the last: what came just before does not tell it."""
    dice = np.random.default_rng(0)
    rows = dice.integers(0, 10, (320, 13), dtype=np.int32)
    for at in range(2, 13):
        rows[:, at] = (rows[:, at - 2] + 1) % 10
    return Corpus(learnt(["a"], 300), rows[:300], rows[300:], words=20 * 12)


@pytest.mark.parametrize(
    ("kind", "optimiser", "precision", "rate"),
    [
        ("lstm", "adam", "fp32", 2e-2),
        ("gpt", "adam", "fp32", 3e-3),
        ("lstm", "muon", "fp32", 6e-2),
        ("gpt", "muon", "fp32", 3e-2),
        ("gpt", "muon", "bf16", 3e-2),
        ("lstm", "muon", "bf16", 6e-2),
    ],
)
def test_they_learn(
    kind: str, optimiser: Literal["adam", "muon"], precision: Literal["fp32", "bf16"], rate: float
) -> None:
    task = LanguageTask(_network(kind), _counting(), optimiser=optimiser, precision=precision)
    plan = Plan(epochs=30, batch=20, learning_rate=rate, warm_up_steps=10)
    outcome = train(task, plan, recipe="r")
    # The second of a row cannot be known: of twelve, ln 10 / 12 of a nat a token is the best there is.
    assert outcome.best_score < math.log(10) / 12 + 0.12
    last = outcome.history[-1]
    assert last["perplexity"] == pytest.approx(math.exp(last["score"]))
    assert last["word_perplexity"] == pytest.approx(last["perplexity"], rel=1e-6)  # here a token is a word


def test_perplexity_by_word_does_not_ask_how_words_are_cut() -> None:
    whole = _counting()
    halves = Corpus(whole.tokenizer, whole.train, whole.held_out, words=whole.words // 2)
    one, two = (LanguageTask(_network("gpt"), each).score() for each in (whole, halves))
    assert two["word_perplexity"] == pytest.approx(one["perplexity"] ** 2, rel=1e-4)


TEXTS = [f"shop {number}: a place where {number} things are sold" for number in range(400)]


def test_a_corpus_is_rows_of_all_texts_and_some_are_held_out() -> None:
    found = corpus(TEXTS, 400, 20)
    assert found.train.shape[1] == found.held_out.shape[1] == 21
    np.testing.assert_array_equal(found.train[:-1, -1], found.train[1:, 0])
    spelled = found.tokenizer.decode(found.train[:, :-1].ravel().tolist(), skip_special_tokens=False)
    trained = [part.partition("</s>")[0] for part in spelled.split("<s>")[1:-1]]
    assert set(trained) <= set(TEXTS)
    assert 380 <= len(set(trained)) <= 392
    again = found.tokenizer.decode(found.held_out[:, :-1].ravel().tolist(), skip_special_tokens=False)
    assert not {part.partition("</s>")[0] for part in again.split("<s>")[1:-1]} & set(trained)
    assert found.words == pytest.approx(8 * 8, abs=10)


def test_a_corpus_repeats_and_another_seed_gives_another() -> None:
    assert np.array_equal(corpus(TEXTS, 400, 20).train, corpus(TEXTS, 400, 20).train)
    assert not np.array_equal(corpus(TEXTS, 400, 20).train, corpus(TEXTS, 400, 20, seed=1).train)


def test_too_little_text_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        corpus(["a"], 300, 20)
