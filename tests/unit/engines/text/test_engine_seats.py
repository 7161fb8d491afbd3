"""Seats change hands between tenants and priorities, and no text is another for it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_gguf import CONTEXT
from tests.support.tiny_model import tiny_engine

from pressroom.catalog.text_spec import read_text_spec
from pressroom.contract.params import TextParams
from pressroom.engines.base import ChatTurn, Ending, Key, Outcome, Step, TextGeneration, TextOutput
from pressroom.engines.kernels.library import kernels
from pressroom.engines.text.engine import TextEngine, run_to_end
from pressroom.engines.text.opening import open_text_engine

SLOTS = 4


@pytest.fixture(params=[0, 1 << 20], ids=["no prefixes", "prefixes"])
def engine(any_folder: Path, request: pytest.FixtureRequest) -> Iterator[TextEngine]:
    opened = tiny_engine(any_folder, slots=SLOTS, prefix_bytes=request.param)
    yield opened
    opened.close()


def _request(
    name: str, scope: str = "", priority: int = 0, deadline: float | None = None, **params: object
) -> TextGeneration:
    chosen = TextParams.model_validate(
        {"seed": 3, "max_tokens": 40, "min_tokens": 40, "temperature": 1.2, **params}
    )
    turns = (ChatTurn("user", f"hello {name}"),)
    return TextGeneration(
        Key(name, 1), chosen, messages=turns, deadline=deadline, scope=scope, priority=priority
    )


def _ended(steps: list[Step]) -> dict[str, Outcome]:
    """In the order of their ends."""
    return {outcome.key.job_id: outcome for step in steps for outcome in step.outcomes}


def _texts(engine: TextEngine, request: TextGeneration) -> tuple[TextOutput, ...]:
    return _ended(run_to_end(engine, [request]))[request.key.job_id].texts


def _to_end(engine: TextEngine) -> list[Step]:
    steps = []
    while engine.load:
        steps.append(engine.step())
    return steps


def test_a_small_tenant_does_not_wait_for_a_large_one_and_nobody_loses_a_word(engine: TextEngine) -> None:
    large = [_request(f"large{number}", "large", max_tokens=60, min_tokens=60) for number in range(SLOTS)]
    small = _request("small", "small", max_tokens=5, min_tokens=5)
    alone = {request.key.job_id: _texts(engine, request) for request in (*large, small)}
    for request in large:
        engine.admit(request)
    steps = [engine.step() for _ in range(10)]
    assert engine.running == SLOTS
    engine.admit(small)
    steps += _to_end(engine)
    ended = _ended(steps)
    assert next(iter(ended)) == "small"
    assert {name: outcome.texts for name, outcome in ended.items()} == alone
    assert {outcome.ending for outcome in ended.values()} == {Ending.DONE}


def test_a_higher_priority_of_the_same_tenant_goes_first_and_the_lower_goes_on_where_it_was(
    engine: TextEngine,
) -> None:
    low = [_request(f"low{number}", "shop", 1) for number in range(SLOTS)]
    high = _request("high", "shop", 9, max_tokens=3, min_tokens=3)
    alone = {request.key.job_id: _texts(engine, request) for request in (*low, high)}
    for request in low:
        engine.admit(request)
    steps = [engine.step() for _ in range(8)]
    engine.admit(high)
    steps += _to_end(engine)
    ended = _ended(steps)
    assert next(iter(ended)) == "high"
    assert {name: outcome.texts for name, outcome in ended.items()} == alone
    # Not begun anew: what was told, joined, is the text.
    told = dict.fromkeys(alone, "")
    for delta in (delta for step in steps for delta in step.deltas):
        told[delta.key.job_id] += delta.text
    assert told == {name: texts[0].text for name, texts in alone.items()}


def test_equals_of_one_tenant_wait_their_turn(engine: TextEngine) -> None:
    for number in range(SLOTS + 1):
        engine.admit(_request(f"r{number}", "shop", 5, max_tokens=10 + number, min_tokens=10 + number))
    assert list(_ended(_to_end(engine))) == [f"r{number}" for number in range(SLOTS + 1)]


def test_many_outputs_of_one_request_leave_a_seat_to_another_tenant(engine: TextEngine) -> None:
    engine.admit(_request("many", "large", n=8))
    for _ in range(3):
        engine.step()
    assert engine.running == SLOTS
    engine.admit(_request("one", "small", max_tokens=4, min_tokens=4))
    assert list(_ended(_to_end(engine))) == ["one", "many"]


@pytest.mark.parametrize("ending", [Ending.CANCELED, Ending.ABANDONED])
def test_a_parked_output_can_be_ended(engine: TextEngine, ending: Ending) -> None:
    for number in range(SLOTS):
        engine.admit(_request(f"low{number}", "shop", 1))
    for _ in range(8):
        engine.step()
    engine.admit(_request("high", "shop", 9))
    before = engine.step()
    parked = f"low{SLOTS - 1}"
    assert engine.running == SLOTS
    engine.end(Key(parked, 1), ending)
    ended = _ended([before, *_to_end(engine)])
    assert ended[parked].ending is ending
    assert ended[parked].texts[0].finish_reason == "cut"
    assert ended[parked].texts[0].tokens == 9  # eight steps, the first of which gave two
    assert all(outcome.ending is Ending.DONE for name, outcome in ended.items() if name != parked)


def test_a_deadline_meets_a_parked_output_too(any_folder: Path) -> None:
    now = 0.0
    engine = tiny_engine(any_folder, slots=1)
    engine._clock = lambda: now
    engine.admit(_request("low", "shop", 1, deadline=5.0))
    for _ in range(4):
        engine.step()
    engine.admit(_request("high", "shop", 9))
    engine.step()
    now = 6.0
    ended = _ended([engine.step()])
    assert ended["low"].ending is Ending.DEADLINE
    assert ended["low"].texts[0].tokens > 0
    assert _ended(_to_end(engine))["high"].ending is Ending.DONE
    engine.close()


def test_any_mixture_of_tenants_and_priorities_gives_what_each_gets_alone(engine: TextEngine) -> None:
    dice = random.Random(11)
    requests = [
        _request(
            f"r{number}",
            dice.choice("abc"),
            dice.choice((0, 5, 9)),
            seed=number,
            n=dice.choice((1, 1, 3)),
            max_tokens=(most := dice.choice((1, 5, 30))),
            min_tokens=most,
            temperature=dice.choice((0.0, 1.5)),
            repetition_penalty=dice.choice((1.0, 1.2)),
        )
        for number in range(30)
    ]
    alone = {request.key.job_id: _texts(engine, request) for request in requests}
    parked = 0
    original = engine._scheduler.park

    def park(output: object) -> None:
        nonlocal parked
        parked += 1
        original(output)  # type: ignore[arg-type]

    engine._scheduler.park = park  # type: ignore[method-assign]
    found: dict[str, tuple[TextOutput, ...]] = {}
    waiting = requests.copy()
    while waiting or engine.load:
        for _ in range(min(len(waiting), dice.choice((0, 0, 0, 1, 4)))):
            engine.admit(waiting.pop())
        found.update({name: outcome.texts for name, outcome in _ended([engine.step()]).items()})
    assert found == alone
    assert parked > 5


def _token_bytes(any_folder: Path) -> int:
    """What a position takes: our own kernels keep it in half precision."""
    spec = read_text_spec(any_folder)
    return spec.cache_bytes_per_token(None if kernels() is None else 2 * spec.head_size)


def test_outputs_run_together_as_far_as_the_budget_holds_them_at_their_longest(folder: Path) -> None:
    row = CONTEXT * _token_bytes(folder)
    engine = open_text_engine(folder, provider="cpu", slots=12, slot_tokens=CONTEXT, kv_budget_bytes=3 * row)
    prompt = (
        run_to_end(engine, [_request("probe", max_tokens=1, min_tokens=1)])[-1].outcomes[0].usage.tokens_in
    )
    full = CONTEXT - prompt - 8
    most = 0
    for number in range(5):
        engine.admit(_request(f"long{number}", max_tokens=full, min_tokens=40, stop=("e",)))
    while engine.load:
        engine.step()
        most = max(most, engine.running)
    assert most == 2  # and a third row is for the prompt that is being filled
    for number in range(12):
        engine.admit(_request(f"short{number}", max_tokens=20, min_tokens=20))
    while engine.load:
        engine.step()
        most = max(most, engine.running)
    assert most == 12
    engine.close()


def test_a_long_one_is_not_passed_by_shorter_ones_that_would_fit(folder: Path) -> None:
    row = CONTEXT * _token_bytes(folder)
    engine = open_text_engine(folder, provider="cpu", slots=12, slot_tokens=CONTEXT, kv_budget_bytes=2 * row)
    engine.admit(_request("first", max_tokens=60, min_tokens=60))
    engine.step()
    engine.admit(_request("long", max_tokens=CONTEXT - 100, min_tokens=1, stop=("e", "a", "o", " ")))
    engine.admit(_request("short", max_tokens=2, min_tokens=2))
    ended = list(_ended(_to_end(engine)))
    assert ended[0] == "first"
    assert set(ended) == {"first", "long", "short"}
    engine.close()
