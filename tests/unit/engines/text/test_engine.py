"""The whole engine on a tiny random model: joins, leaves, several outputs, ends, and that all is repeatable."""

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.tiny_model import tiny_engine

from pressroom.contract.params import ImageParams, TextParams
from pressroom.engines.base import (
    ChatTurn,
    Delta,
    Ending,
    EngineUnavailable,
    ImageGeneration,
    Key,
    Outcome,
    Step,
    TextGeneration,
    TextOutput,
)
from pressroom.engines.text import opening
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.opening import open_text_engine


def _request(
    name: str, text: str = "hello world", deadline: float | None = None, **params: object
) -> TextGeneration:
    chosen = TextParams.model_validate({"seed": 3, "max_tokens": 12, "temperature": 1.2, **params})
    return TextGeneration(Key(name, 1), chosen, messages=(ChatTurn("user", text),), deadline=deadline)


def _outcomes(steps: list[Step]) -> dict[str, Outcome]:
    return {outcome.key.job_id: outcome for step in steps for outcome in step.outcomes}


def _texts(engine: TextEngine, request: TextGeneration) -> tuple[TextOutput, ...]:
    return _outcomes(run_to_end(engine, [request]))[request.key.job_id].texts


def _deltas(steps: list[Step], name: str, index: int = 0) -> list[Delta]:
    return [d for step in steps for d in step.deltas if d.key.job_id == name and d.index == index]


def test_any_mixture_gives_what_each_gets_alone(engine: TextEngine) -> None:
    dice = random.Random(4)
    requests = [
        _request(
            f"r{number}",
            "hello " * dice.choice((1, 5, 60)) + str(number),
            seed=number,
            n=dice.choice((1, 1, 2, 6)),
            max_tokens=dice.choice((1, 5, 20)),
            temperature=dice.choice((0.0, 0.8, 1.5)),
            stop=("e",) if number % 4 == 0 else (),
        )
        for number in range(25)
    ]
    alone = {request.key.job_id: _texts(engine, request) for request in requests}
    found: dict[str, tuple[TextOutput, ...]] = {}
    waiting = requests.copy()
    while waiting or engine.load:
        for _ in range(dice.choice((0, 0, 1, 4)) if waiting else 0):
            if waiting:
                engine.admit(waiting.pop())
        found.update({key: outcome.texts for key, outcome in _outcomes([engine.step()]).items()})
    assert found == alone
    assert len({texts[0].text for texts in alone.values()}) > 10


def test_outputs_share_one_prefill_and_differ(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[int] = []
    real = engine._decoder.prefill

    def counting(slot: int, tokens: list[int], start: int) -> NDArray[np.float32]:
        filled.append(len(tokens))
        return real(slot, tokens, start)

    monkeypatch.setattr(engine._decoder, "prefill", counting)
    outcome = _outcomes(run_to_end(engine, [_request("a", n=8)]))["a"]
    assert len(filled) == 1
    assert outcome.usage.tokens_in == filled[0]
    assert [text.index for text in outcome.texts] == list(range(8))
    assert len({text.text for text in outcome.texts}) > 4


def test_more_outputs_than_slots_come_one_after_the_other(any_folder: Path) -> None:
    many, one = tiny_engine(any_folder, slots=8), tiny_engine(any_folder, slots=1)
    assert _texts(one, _request("a", n=8)) == _texts(many, _request("a", n=8))


def test_a_late_joiner_starts_while_others_run(engine: TextEngine) -> None:
    engine.admit(_request("early", max_tokens=30, temperature=0))
    steps = [engine.step() for _ in range(5)]
    engine.admit(_request("late", max_tokens=3))
    steps += run_to_end(engine, [])
    ended = [outcome.key.job_id for step in steps for outcome in step.outcomes]
    assert ended == ["late", "early"]


def test_a_long_prompt_does_not_stall_the_streams_of_others(engine: TextEngine) -> None:
    engine.admit(_request("stream", max_tokens=60, temperature=0))
    engine.step()
    said = engine._inside[Key("stream", 1)].outputs[0].tokens
    engine.admit(_request("long", "hello world " * 80, max_tokens=2))
    steps = []
    for step in range(1, 4):
        steps.append(engine.step())
        assert engine._inside[Key("stream", 1)].outputs[0].tokens == said + step
    engine.end(Key("stream", 1), Ending.CANCELED)
    assert _outcomes(steps + run_to_end(engine, []))["long"].usage.tokens_in > 256


def test_deltas_join_to_each_text_and_count_its_tokens(engine: TextEngine) -> None:
    steps = run_to_end(engine, [_request("a", n=3, max_tokens=40)])
    for text in _outcomes(steps)["a"].texts:
        deltas = _deltas(steps, "a", text.index)
        assert "".join(delta.text for delta in deltas) == text.text
        assert sum(delta.tokens for delta in deltas) <= text.tokens


def test_a_stop_string_ends_the_text_before_it(engine: TextEngine) -> None:
    whole = _texts(engine, _request("a", max_tokens=40))[0].text
    stop = whole[10:13]
    cut = _texts(engine, _request("a", max_tokens=40, stop=(stop,)))[0]
    assert cut.finish_reason == "stop"
    assert cut.text == whole[: whole.index(stop)]


def test_the_most_tokens_is_kept(engine: TextEngine) -> None:
    (text,) = _texts(engine, _request("a", max_tokens=7))
    assert (text.tokens, text.finish_reason) == (7, "length")


def test_the_same_seed_gives_the_same_text_on_a_second_attempt(any_folder: Path) -> None:
    first, second = tiny_engine(any_folder), tiny_engine(any_folder)
    second.warm_up()
    request = _request("a", n=2, max_tokens=30)
    again = TextGeneration(Key("a", 2), request.params, messages=request.messages)
    assert _texts(first, request) == _texts(second, again)


def test_ending_keeps_what_was_said(engine: TextEngine) -> None:
    engine.admit(_request("a", max_tokens=50, n=2, temperature=0))
    steps = [engine.step() for _ in range(3)]
    engine.end(Key("a", 1), Ending.ABANDONED)
    steps.append(engine.step())
    outcome = _outcomes(steps)["a"]
    assert outcome.ending is Ending.ABANDONED
    assert [text.finish_reason for text in outcome.texts] == ["cut", "cut"]
    for text in outcome.texts:
        assert text.text == "".join(delta.text for delta in _deltas(steps, "a", text.index))
    assert outcome.usage.tokens_out == sum(text.tokens for text in outcome.texts) > 0
    assert engine.load == 0


def test_a_deadline_passes_between_steps(any_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tiny_engine(any_folder)
    now = [10.0]
    monkeypatch.setattr(engine, "_clock", lambda: now[0])
    engine.admit(_request("a", deadline=20.0, max_tokens=50))
    engine.admit(_request("b", max_tokens=5))
    steps = [engine.step() for _ in range(3)]
    now[0] = 20.0
    steps += run_to_end(engine, [])
    outcomes = _outcomes(steps)
    assert outcomes["a"].ending is Ending.DEADLINE
    told = sum(delta.tokens for step in steps[:3] for delta in step.deltas if delta.key.job_id == "a")
    assert 4 <= told == outcomes["a"].texts[0].tokens < 50  # the first step gives two: one follows the prompt
    assert outcomes["b"].ending is Ending.DONE


@pytest.mark.parametrize("steps_before", [0, 1])
def test_a_prompt_can_be_ended_before_it_is_whole(engine: TextEngine, steps_before: int) -> None:
    engine.admit(_request("a", "hello world " * 80))
    for _ in range(steps_before):
        engine.step()
    engine.end(Key("a", 1), Ending.CANCELED)
    engine.admit(_request("b"))
    outcomes = _outcomes(run_to_end(engine, []))
    assert outcomes["a"].ending is Ending.CANCELED
    assert outcomes["a"].texts == ()
    assert outcomes["b"].texts == _texts(engine, _request("b"))


def test_a_prompt_that_does_not_fit_fails_with_both_counts(engine: TextEngine) -> None:
    engine.admit(_request("a", "hello world " * 200))
    (outcome,) = engine.step().outcomes
    assert outcome.ending is Ending.FAILED
    assert outcome.error is not None
    assert outcome.error.code == "prompt_too_long"
    assert not outcome.error.retryable
    assert "max_tokens is 12" in str(outcome.error)
    assert "holds 512" in str(outcome.error)


def test_a_prompt_that_just_fits_fills_the_slot(engine: TextEngine) -> None:
    room = engine.slot_tokens - len(engine._intake.reader.read(_request("a", max_tokens=1), 512))
    (text,) = _texts(engine, _request("a", max_tokens=room, temperature=0, repetition_penalty=1))
    assert text.tokens == room or text.finish_reason == "stop"


def test_pictures_are_not_offered(engine: TextEngine) -> None:
    engine.admit(ImageGeneration(Key("a", 1), ImageParams(seed=1)))
    assert engine.load == 1
    (outcome,) = engine.step().outcomes
    assert outcome.error is not None
    assert outcome.error.code == "not_offered"
    assert engine.load == 0


def test_a_broken_row_fails_its_own_request_only(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _texts(engine, _request("good"))
    real = engine._decoder.decode

    def breaking(tokens: NDArray[np.int64], lengths: NDArray[np.int32]) -> NDArray[np.float32]:
        logits = real(tokens, lengths)
        for slot, row in enumerate(engine._slots):
            if row.owner.request.key.job_id == "bad":
                logits[slot] = np.nan
        return logits

    monkeypatch.setattr(engine._decoder, "decode", breaking)
    outcomes = _outcomes(run_to_end(engine, [_request("bad", n=3), _request("good")]))
    assert outcomes["bad"].ending is Ending.FAILED
    assert outcomes["bad"].error is not None
    assert outcomes["bad"].error.code == "generation_failed"
    assert outcomes["good"].texts == expected


def test_engine_seconds_add_up_to_the_time_spent(engine: TextEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(100_000))
    monkeypatch.setattr(engine, "_clock", lambda: float(next(ticks)))
    spans = []
    engine.admit(_request("a"))
    engine.admit(_request("b", n=3, max_tokens=5))
    outcomes: list[Outcome] = []
    while engine.load:
        before = next(ticks)
        outcomes += engine.step().outcomes
        spans.append(next(ticks) - before - 2)
    assert sum(outcome.usage.engine_seconds for outcome in outcomes) == pytest.approx(sum(spans))


def test_an_idle_step_is_empty_and_costs_nobody(engine: TextEngine) -> None:
    assert engine.step() == Step()


def test_warming_up_changes_nothing(any_folder: Path) -> None:
    cold, warm = tiny_engine(any_folder), tiny_engine(any_folder)
    warm.warm_up()
    assert warm.load == 0
    assert _texts(warm, _request("a", n=2)) == _texts(cold, _request("a", n=2))


def test_slots_come_from_the_budget(folder: Path) -> None:
    row = 512 * 2 * 2 * 2 * 16 * 4
    assert open_text_engine(folder, provider="cpu", kv_budget_bytes=row + 5).info.slots == 1
    assert (
        open_text_engine(folder, provider="cpu", kv_budget_bytes=3 * row + 5).info.slots == opening.MOST_SLOTS
    )
    assert open_text_engine(folder, provider="cpu").info.slots == opening.MOST_SLOTS
    with pytest.raises(EngineUnavailable, match="Raise the budget"):
        open_text_engine(folder, provider="cpu", kv_budget_bytes=row - 1)


def test_what_is_not_built_cannot_be_opened(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="models pull"):
        open_text_engine(tmp_path / "nothing")
    with pytest.raises(EngineUnavailable, match="'q4lr'"):
        open_text_engine(folder, variant="q4lr")


def test_a_text_does_not_end_by_itself_before_its_least_length(engine: TextEngine) -> None:
    ends = {str(token): 100 for token in engine._ends}
    assert _texts(engine, _request("a", temperature=0, logit_bias=ends))[0].tokens == 0
    (text,) = _texts(engine, _request("b", temperature=0, logit_bias=ends, min_tokens=5))
    assert (text.tokens, text.finish_reason) == (5, "stop")


def test_a_bias_for_a_token_that_the_model_does_not_have_is_refused(engine: TextEngine) -> None:
    outcome = _outcomes(run_to_end(engine, [_request("a", logit_bias={"9999999": 1})]))["a"]
    assert outcome.ending is Ending.FAILED
    assert outcome.error is not None
    assert outcome.error.code == "not_offered"
    assert "9999999" in str(outcome.error)


def test_a_bound_in_characters_is_kept_and_its_stream_is_the_text(engine: TextEngine) -> None:
    steps = run_to_end(
        engine,
        [
            _request("free", max_tokens=60, min_tokens=60),
            _request("a", max_tokens=60, min_tokens=60, max_chars=20, n=3),
        ],
    )
    (free,) = _outcomes(steps)["free"].texts
    texts = _outcomes(steps)["a"].texts
    assert len(free.text) > 20
    assert free.text.startswith(texts[0].text)
    for text in texts:
        assert len(text.text) <= 20
        assert text.finish_reason == "length"
        assert text.tokens < 60
        assert "".join(delta.text for delta in _deltas(steps, "a", text.index)) == text.text
