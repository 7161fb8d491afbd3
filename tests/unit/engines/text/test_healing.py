"""A prompt's last token is drawn anew where others begin alike, and what it has said already is not said again."""

import numpy as np
import pytest
from tests.support.tiny_gguf import vocabulary

from pressroom.contract.guide import RegexGuide
from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Key, Outcome, TextGeneration
from pressroom.engines.text.drawing import bits
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.healing import Healer, Healing, _behind


class Spelled(dict[int, bytes]):
    """A vocabulary."""


WORDS = Spelled(enumerate([b"", b" ", b" a", b" an", b"a", b"b", b"\xff", b"\xff\xffz", b"\xff", b" ant"]))


def _healed(*prompt: int) -> tuple[list[int], Healing | None]:
    return Healer(WORDS, len(WORDS)).split(list(prompt))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("last", "begun", "tokens"),
    [(1, b" ", [1, 2, 3, 9]), (2, b" a", [2, 3, 9]), (3, b" an", [3, 9]), (6, b"\xff", [6, 7, 8])],
)
def test_all_that_begin_alike_may_come_instead(last: int, begun: bytes, tokens: list[int]) -> None:
    prompt, healing = _healed(4, last)
    assert prompt == [4]
    assert healing is not None
    assert healing.begun == begun
    assert (healing.allowed == bits(tokens, len(WORDS))).all()


@pytest.mark.parametrize("prompt", [[4, 9], [4, 5], [4, 0], [2], [4, 4]])
def test_a_prompt_that_ends_well_stays_whole(prompt: list[int]) -> None:
    """No other token begins so, or it is a control token, or it is all there is."""
    assert _healed(*prompt) == (prompt, None)


def test_what_is_behind_all_that_begin_so() -> None:
    assert [_behind(text) for text in (b"a", b"a\xff", b"\xff\xff", b"ab")] == [b"b", b"b", b"", b"ac"]


def _request(prompt: str, **params: object) -> TextGeneration:
    chosen = {"seed": 3, "max_tokens": 6, "min_tokens": 6, "temperature": 0, **params}
    return TextGeneration(Key("a", 1), TextParams.model_validate(chosen), prompt=prompt)


def _outcome(engine: TextEngine, request: TextGeneration) -> tuple[Outcome, str]:
    steps = run_to_end(engine, [request])
    told = "".join(delta.text for step in steps for delta in step.deltas)
    return steps[-1].outcomes[0], told


@pytest.mark.parametrize("prompt", ["hello wor", "hello ", "say he"])
def test_the_text_goes_on_where_the_prompt_ends(engine: TextEngine, prompt: str) -> None:
    outcome, told = _outcome(engine, request := _request(prompt, logprobs=0))
    (text,) = outcome.texts
    assert (text.tokens, told) == (6, text.text)
    assert outcome.usage.tokens_in == len(engine._intake.reader.read(request, engine.slot_tokens))
    assert text.logprobs is not None
    assert len(text.logprobs) == 6


def test_the_likeliest_that_begins_so_is_taken(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the prompt taken as it stands, its last token could not be "hell" any more."""
    spelled = [piece.replace("Ġ", " ") for piece in vocabulary()]
    wanted = spelled.index("hello")
    prefill = engine._decoder.prefill

    def leaning(slot: int, tokens: list[int], start: int) -> np.ndarray:
        logits = prefill(slot, tokens, start).copy()
        logits[wanted] = 99
        return logits

    monkeypatch.setattr(engine._decoder, "prefill", leaning)
    text = _outcome(engine, _request("say he"))[0].texts[0].text
    assert text.startswith("llo")


def test_messages_and_guided_texts_are_not_healed(engine: TextEngine) -> None:
    seen: list[bool] = []
    split = engine._intake.healer.split
    engine._intake.healer.split = lambda prompt: (seen.append(True), split(prompt))[1]  # type: ignore[method-assign, func-returns-value]
    guided = _request("say he", min_tokens=0, guide=RegexGuide(type="regex", pattern="[a-z]{1,4}"))
    chat = TextGeneration(
        Key("b", 1), guided.params.model_copy(update={"guide": None}), messages=(ChatTurn("user", "he"),)
    )
    run_to_end(engine, [guided, chat])
    assert not seen
