"""What an output's parameters ask of each draw, and what it remembers of the last: in numpy, as ``test_drawing`` has the rest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.contract.params import TextParams
from pressroom.engines.base import GenerationFailed
from pressroom.engines.text.drawing import Way, bits
from pressroom.engines.text.drawing_plain import PlainDrawer
from pressroom.engines.text.guiding import Guide, GuideRefused
from pressroom.engines.text.healing import Healing
from pressroom.engines.text.sampler import NotANumber, Sampler, choose

VOCAB = 1000


def _logits(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=VOCAB).astype(np.float32) * 3


def _sampler(output: int = 0, prompt: tuple[int, ...] = (), **params: object) -> Sampler:
    return Sampler(TextParams.model_validate({"seed": 5, **params}), VOCAB, list(prompt), output)


def _choice(sampler: Sampler, logits: NDArray[np.float32]) -> int | GenerationFailed:
    (chosen,) = choose(PlainDrawer(), [(sampler, logits.copy())])
    return chosen


def _choices(sampler: Sampler, count: int = 50) -> list[int | GenerationFailed]:
    return [_choice(sampler, _logits(position)) for position in range(count)]


def test_a_draw_is_as_the_parameters_say() -> None:
    sampler = _sampler(2, temperature=0.4, top_k=7, top_p=0.8, min_p=0.1, logprobs=3)
    draws = [sampler.next(_logits(0)) for _ in range(3)]
    assert [draw.position for draw in draws] == [0, 1, 2]
    assert {draw.way for draw in draws} == {Way(0.4, 7, 0.8, 0.1, 5, 2)}
    assert {draw.told for draw in draws} == {3}
    assert _sampler().next(_logits(0)).told is None


def test_the_same_seed_repeats_and_others_differ() -> None:
    first = _choices(_sampler())
    assert _choices(_sampler()) == first
    assert _choices(_sampler(seed=6)) != first
    assert _choices(_sampler(output=1)) != first


def test_the_prompt_and_what_was_said_count_as_seen() -> None:
    flat = np.ones(VOCAB, np.float32)
    flat[7] = 1.5
    sampler = _sampler(temperature=0, repetition_penalty=2, prompt=(7, 0))
    assert [_choice(sampler, flat) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("temperature", [0, 1])
def test_an_end_does_not_come_before_its_time(temperature: float) -> None:
    logits = np.zeros(VOCAB, np.float32)
    logits[9] = 50
    params = TextParams(seed=1, repetition_penalty=1, temperature=temperature, min_tokens=3)
    sampler = Sampler(params, VOCAB, [], 0, frozenset({9}))
    drawn = [_choice(sampler, logits) for _ in range(4)]
    assert 9 not in drawn[:3]
    assert drawn[3] == 9


def test_a_healed_token_is_drawn_once_and_is_not_of_the_text() -> None:
    healing = Healing(b" ", bits([2, 5, 7], VOCAB))
    params = TextParams(seed=1, temperature=1.5, top_k=0, top_p=1, repetition_penalty=1, logprobs=0)
    firsts = set()
    for output in range(40):
        sampler = Sampler(params, VOCAB, [1], output, healing=healing)
        firsts.add(_choice(sampler, np.zeros(VOCAB, np.float32)))
        assert _choice(sampler, np.eye(1, VOCAB, 4, dtype=np.float32)[0] * 90) == 4
        assert [one.token for one in sampler.drawn] == [4]
    assert firsts == {2, 5, 7}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_logits_are_the_row_s_own_error(bad: float) -> None:
    broken = _logits(0)
    broken[3] = bad
    fine = _choice(_sampler(), _logits(1))
    first, middle, last = choose(
        PlainDrawer(), [(_sampler(), _logits(1)), (_sampler(), broken), (_sampler(), _logits(1))]
    )
    assert first == last == fine
    assert isinstance(middle, NotANumber)
    assert "not a number" in str(middle)


class _Refuses(Guide):
    """Before a draw, or after it."""

    def __init__(self, when: str) -> None:
        self._when = when

    def allows(self, token: int) -> bool:
        if self._when == "before it is judged":
            raise GuideRefused("no")
        return self._when == "after it was said"

    def allowed(self) -> NDArray[np.uint32]:
        if self._when == "before it is drawn again":
            raise GuideRefused("no")
        return bits(range(VOCAB), VOCAB)

    def said(self, token: int) -> None:
        raise GuideRefused(f"not {token}")


@pytest.mark.parametrize("when", ["before it is judged", "before it is drawn again", "after it was said"])
@pytest.mark.parametrize("told", [None, 2])
def test_a_guide_that_refuses_ends_its_own_row_alone(when: str, told: int | None) -> None:
    guided = Sampler(TextParams(seed=5, logprobs=told), VOCAB, [], 0, guide=_Refuses(when))
    refused, other = choose(PlainDrawer(), [(guided, _logits(1)), (_sampler(), _logits(1))])
    assert isinstance(refused, GuideRefused)
    assert other == _choice(_sampler(), _logits(1))
    assert guided.drawn == []


class _Only(Guide):
    """Always the same tokens; counts how often it is asked for all of them."""

    def __init__(self, *tokens: int) -> None:
        self._tokens = tokens
        self.asked = 0

    def allows(self, token: int) -> bool:
        return token in self._tokens

    def allowed(self) -> NDArray[np.uint32]:
        self.asked += 1
        return bits(self._tokens, VOCAB)

    def said(self, token: int) -> None:
        assert token in self._tokens


def test_what_a_guide_allows_is_drawn_by_its_share_of_it() -> None:
    logits = np.full(VOCAB, -np.inf, np.float32)
    logits[[3, 5, 8]] = np.log([0.5, 0.1, 0.4])
    guide = _Only(5, 8)
    sampler = Sampler(
        TextParams(seed=1, temperature=1, top_p=1, repetition_penalty=1), VOCAB, [], 0, guide=guide
    )
    drawn = [_choice(sampler, logits) for _ in range(3000)]
    assert set(drawn) == {5, 8}
    assert abs(drawn.count(5) / 3000 - 0.2) < 0.03
    assert 0.4 < guide.asked / 3000 < 0.6  # as often as the free one was not allowed


@pytest.mark.parametrize("told", [None, 1])
def test_the_likeliest_that_a_guide_allows_is_taken(told: int | None) -> None:
    logits = _logits(2)
    order = np.argsort(-logits)
    for place in (0, 1, 50):
        guide = _Only(int(order[place]), int(order[500]))
        params = TextParams(seed=1, temperature=0, repetition_penalty=1, logprobs=told)
        sampler = Sampler(params, VOCAB, [], 0, guide=guide)
        assert _choice(sampler, logits) == order[place]
        assert guide.asked == (place > 0 or told is not None)


def test_a_second_draw_does_not_adjust_again() -> None:
    logits = np.zeros(VOCAB, np.float32)
    logits[[1, 2, 3]] = [9.0, 4.0, 3.5]
    guide = _Only(2, 3)
    params = TextParams(seed=1, temperature=0, repetition_penalty=1, logit_bias={"2": -0.4})
    assert _choice(Sampler(params, VOCAB, [], 0, guide=guide), logits) == 2  # 3.6; twice it would be 3.2
