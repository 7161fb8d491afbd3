"""Rows stay dense, and every output finds its own keys and values wherever its row went."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tokenizers import Tokenizer, models

from pressroom.contract.params import TextParams
from pressroom.engines.base import Key, TextGeneration
from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.running import RunningGeneration, RunningOutput
from pressroom.engines.text.slots import Slots

VOCAB = 10


@dataclass
class Cache:
    """Stands for the key/value cache: what was written in each slot, one entry a position."""

    rows: list[list[str]] = field(default_factory=list)

    def copy(self, source: int, target: int, tokens: int) -> None:
        if source != target:
            self.rows[target][:tokens] = self.rows[source][:tokens]

    def release(self, slot: int) -> None:
        self.rows[slot][:] = ["?"] * len(self.rows[slot])


def _generation(name: str, prompt: int = 3) -> RunningGeneration:
    params = TextParams(seed=1, n=8)
    return RunningGeneration(TextGeneration(Key(name, 1), params, prompt="x"), [1] * prompt)


def _output(owner: RunningGeneration, index: int, spelling: TokenBytes) -> RunningOutput:
    output = RunningOutput(owner, index, spelling, VOCAB, frozenset())
    owner.outputs.append(output)
    return output


class SlotsMachine(RuleBasedStateMachine):
    """Outputs come and go in any order beside a prompt that is being filled."""

    def __init__(self) -> None:
        super().__init__()
        self.spelling = TokenBytes(Tokenizer(models.BPE({}, [])), "byte_level", frozenset())
        self.cache = Cache([["?"] * 64 for _ in range(4)])
        self.slots = Slots(4, self.cache.copy, self.cache.release)
        self.born = 0

    def _content(self, output: RunningOutput) -> list[str]:
        name = output.owner.request.key.job_id
        own = [f"{name}.{output.index}.{at}" for at in range(len(output.owner.prompt), output.length)]
        return [f"{name}.{at}" for at in range(len(output.owner.prompt))] + own

    @precondition(lambda self: self.slots.filling is None and self.slots.free > 0)
    @rule(prompt=st.integers(1, 5))
    def fill(self, prompt: int) -> None:
        self.born += 1
        generation = _generation(f"g{self.born}", prompt)
        self.slots.start_filling(generation)
        self.cache.rows[self.slots.filling_slot][:prompt] = [f"g{self.born}.{at}" for at in range(prompt)]

    @precondition(lambda self: self.slots.filling is not None)
    @rule(count=st.integers(1, 3))
    def place(self, count: int) -> None:
        generation = self.slots.filling
        assert generation is not None
        self.slots.stop_filling()
        for index in range(min(count, self.slots.free)):
            self.slots.place_filled(_output(generation, index, self.spelling))

    @precondition(lambda self: self.slots.filling is not None)
    @rule()
    def give_up_filling(self) -> None:
        self.slots.stop_filling()

    @precondition(lambda self: len(self.slots) > 0 and self.slots.free > 0)
    @rule(pick=st.integers(0, 99))
    def place_beside(self, pick: int) -> None:
        sibling = list(self.slots)[pick % len(self.slots)]
        index = len(sibling.owner.outputs)
        self.slots.place_beside(_output(sibling.owner, index, self.spelling), sibling)

    @precondition(lambda self: len(self.slots) > 0)
    @rule(pick=st.integers(0, 99))
    def leave(self, pick: int) -> None:
        self.slots.leave(list(self.slots)[pick % len(self.slots)])

    @precondition(lambda self: len(self.slots) > 0)
    @rule(pick=st.integers(0, 99))
    def take_over(self, pick: int) -> None:
        old = list(self.slots)[pick % len(self.slots)]
        self.slots.replace(old, _output(old.owner, len(old.owner.outputs), self.spelling))

    @precondition(lambda self: len(self.slots) > 0)
    @rule()
    def decode(self) -> None:
        for slot, output in enumerate(self.slots):
            if output.length < 60:
                name = output.owner.request.key.job_id
                self.cache.rows[slot][output.length] = f"{name}.{output.index}.{output.length}"
                output.length += 1

    @invariant()
    def every_row_holds_its_output(self) -> None:
        for slot, output in enumerate(self.slots):
            assert self.cache.rows[slot][: output.length] == self._content(output)

    @invariant()
    def the_filling_prompt_is_whole(self) -> None:
        if self.slots.filling is not None:
            name = self.slots.filling.request.key.job_id
            size = len(self.slots.filling.prompt)
            row = self.cache.rows[self.slots.filling_slot]
            assert row[:size] == [f"{name}.{at}" for at in range(size)]

    @invariant()
    def nothing_is_counted_twice(self) -> None:
        assert len(self.slots) + self.slots.free + (self.slots.filling is not None) == 4


SlotsMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestSlotsMachine = SlotsMachine.TestCase


def test_a_full_house_takes_no_prompt() -> None:
    slots = Slots(1, Cache([[]]).copy)
    slots.start_filling(_generation("a"))
    with pytest.raises(RuntimeError):
        slots.start_filling(_generation("b"))
