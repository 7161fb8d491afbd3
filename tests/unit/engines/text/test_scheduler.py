"""Order and size of prefill chunks."""

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from pressroom.contract.params import TextParams
from pressroom.engines.base import Key, TextGeneration
from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.running import RunningGeneration, RunningOutput
from pressroom.engines.text.scheduler import Parked, Prompt, Scheduler, Sibling
from pressroom.engines.text.slots import Slots


def _scheduler(slots: int = 4, chunk: int = 8) -> tuple[Scheduler, Slots]:
    table = Slots(slots, lambda source, target, tokens: None)
    return Scheduler(table, chunk), table


def _prompt(name: str, tokens: int, scope: str = "", priority: int = 0, n: int = 1) -> RunningGeneration:
    params = TextParams(seed=1, n=n)
    generation = TextGeneration(Key(name, 1), params, prompt="x", scope=scope, priority=priority)
    return RunningGeneration(generation, list(range(tokens)))


def _step(scheduler: Scheduler, table: Slots) -> list[tuple[str, int, int, bool]]:
    """The chunks of one step; a whole prompt frees its slot as if it ended at once."""
    scheduler.begin_step()
    chunks: list[tuple[str, int, int, bool]] = []
    while True:
        if table.free > 0 and isinstance(one := scheduler.first(), Prompt):
            scheduler.start(one.generation)
        if (chunk := scheduler.next_chunk()) is None:
            return chunks
        chunks.append((chunk.generation.request.key.job_id, chunk.start, chunk.end, chunk.last))
        if chunk.last:
            table.stop_filling()


def test_a_long_prompt_takes_a_chunk_a_step_and_the_next_begins_in_what_is_left() -> None:
    scheduler, table = _scheduler()
    scheduler.add(_prompt("long", 19))
    scheduler.add(_prompt("short", 5))
    assert _step(scheduler, table) == [("long", 0, 8, False)]
    assert _step(scheduler, table) == [("long", 8, 16, False)]
    assert _step(scheduler, table) == [("long", 16, 19, True), ("short", 0, 5, True)]
    assert _step(scheduler, table) == []


def test_short_prompts_share_a_step_in_the_order_they_came() -> None:
    scheduler, table = _scheduler()
    for name, size in (("a", 3), ("b", 4), ("c", 2), ("d", 1)):
        scheduler.add(_prompt(name, size))
    assert [name for name, *_ in _step(scheduler, table)] == ["a", "b"]
    assert [name for name, *_ in _step(scheduler, table)] == ["c", "d"]


def test_chunk_borders_do_not_depend_on_what_else_is_there() -> None:
    scheduler, table = _scheduler()
    scheduler.add(_prompt("before", 5))
    scheduler.add(_prompt("long", 17))
    chunks = [chunk for _ in range(4) for chunk in _step(scheduler, table) if chunk[0] == "long"]
    assert [(start, end) for _, start, end, _ in chunks] == [(0, 8), (8, 16), (16, 17)]


def test_a_prompt_of_exactly_one_chunk_is_one_chunk() -> None:
    scheduler, table = _scheduler()
    scheduler.add(_prompt("a", 8))
    assert _step(scheduler, table) == [("a", 0, 8, True)]


def test_nothing_begins_without_a_free_slot() -> None:
    scheduler, table = _scheduler(slots=1)
    table.start_filling(_prompt("there", 4))
    table.filling = None  # its output would run now
    scheduler.add(_prompt("next", 4))
    table.limit = 0
    assert _step(scheduler, table) == []
    assert len(scheduler) == 1


def test_who_is_removed_is_not_filled() -> None:
    scheduler, table = _scheduler()
    scheduler.add(_prompt("a", 4))
    scheduler.add(_prompt("b", 4))
    scheduler.remove(Key("a", 1))
    assert [name for name, *_ in _step(scheduler, table)] == ["b"]


# -- the line ------------------------------------------------------------------------------------

_SPELLING = TokenBytes(Tokenizer(models.BPE({}, [])), "byte_level", frozenset())


class _House:
    """A scheduler over four slots in which outputs can be seated by hand."""

    def __init__(self) -> None:
        self.scheduler, self.slots = _scheduler()
        self.scheduler.begin_step()

    def comes(self, name: str, scope: str = "", priority: int = 0, n: int = 1) -> RunningGeneration:
        generation = _prompt(name, 3, scope, priority, n)
        self.scheduler.add(generation)
        return generation

    def seated(self, name: str, scope: str = "", priority: int = 0, n: int = 1) -> RunningOutput:
        generation = self.comes(name, scope, priority, n)
        self.scheduler.start(generation)
        self.slots.stop_filling()
        output = RunningOutput(generation, generation.waiting_outputs.pop(0), _SPELLING, 10, frozenset())
        self.slots.place_filled(output)
        return output

    @property
    def first(self) -> str:
        one = self.scheduler.first()
        assert one is not None
        return one.generation.request.key.job_id

    @property
    def gives(self) -> str | None:
        """Who has to be parked for the one who is first."""
        one = self.scheduler.first()
        assert one is not None
        output = self.scheduler.whose_seat(one)
        return None if output is None else output.owner.request.key.job_id


def test_in_a_scope_the_higher_priority_is_first_and_of_equals_who_came_first() -> None:
    house = _House()
    for name, priority in (("a", 1), ("b", 5), ("c", 5)):
        house.comes(name, priority=priority)
    assert house.first == "b"
    house.scheduler.remove(Key("b", 1))
    assert house.first == "c"
    house.scheduler.remove(Key("c", 1))
    assert house.first == "a"


def test_the_scope_with_the_fewest_seats_is_first_whatever_the_priorities() -> None:
    house = _House()
    house.seated("x", scope="large")
    house.comes("again", scope="large", priority=9)
    house.comes("newcomer", scope="small")
    assert house.first == "newcomer"


def test_the_prompt_that_is_being_filled_counts_as_a_seat_of_its_scope() -> None:
    house = _House()
    for name in ("a", "b"):
        output = house.seated(name, scope=name)
        house.slots.leave(output)
        house.scheduler.park(output)
    assert house.first == "a"
    house.scheduler.start(house.comes("x", scope="a"))
    assert house.first == "b"


def test_one_prompt_is_filled_at_a_time() -> None:
    house = _House()
    house.scheduler.start(house.comes("x"))
    house.comes("y")
    assert house.scheduler.first() is None
    house.slots.stop_filling()
    assert house.first == "y"


def test_outputs_of_one_request_do_not_take_every_seat_before_others() -> None:
    house = _House()
    house.seated("many", scope="large", n=8)
    assert isinstance(house.scheduler.first(), Sibling)
    house.comes("one", scope="small")
    assert isinstance(house.scheduler.first(), Prompt)
    assert house.first == "one"


def test_a_scope_with_two_more_seats_gives_one_of_them_its_latest() -> None:
    house = _House()
    for name in "wxyz":
        house.seated(name, scope="large")
    house.comes("newcomer", scope="small")
    assert house.gives == "z"


def test_a_scope_with_one_more_seat_gives_none() -> None:
    house = _House()
    house.seated("x", scope="large")
    house.comes("newcomer", scope="small")
    assert house.gives is None
    house.seated("y", scope="large")
    assert house.gives == "y"


def test_in_a_scope_the_lowest_priority_gives_its_seat_to_a_higher_one_and_to_no_equal() -> None:
    house = _House()
    house.seated("low", priority=1)
    house.seated("middle", priority=5)
    house.comes("equal", priority=1)
    assert house.gives is None
    house.comes("high", priority=9)
    assert house.gives == "low"


def test_a_parked_output_is_first_again_by_its_old_place_and_takes_no_seat_back() -> None:
    house = _House()
    low = house.seated("low", priority=1)
    house.slots.leave(low)
    house.scheduler.park(low)
    house.seated("high", priority=9)
    house.comes("later", priority=1)
    one = house.scheduler.first()
    assert isinstance(one, Parked)
    assert one.output is low
    assert house.gives is None
    house.scheduler.resume(low)
    assert house.first == "later"


def test_whoever_is_parked_and_removed_is_not_in_line() -> None:
    house = _House()
    output = house.seated("a")
    house.slots.leave(output)
    house.scheduler.park(output)
    house.scheduler.remove(Key("a", 1))
    assert house.scheduler.first() is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=5, max_size=12))
def test_seats_change_hands_only_finitely_often(comers: list[tuple[str, int]]) -> None:
    """Whoever gave a seat never takes it back while nobody leaves or comes."""
    house = _House()
    for number, (scope, priority) in enumerate(comers):
        if house.slots.free > 0:
            house.seated(f"{number}", scope, priority)
        else:
            house.comes(f"{number}", scope, priority)
    changes = 0
    while (one := house.scheduler.first()) is not None and (
        output := house.scheduler.whose_seat(one)
    ) is not None:
        changes += 1
        assert changes <= 2 * len(comers)
        house.slots.leave(output)
        house.scheduler.park(output)
        if isinstance(one, Parked):
            house.scheduler.resume(one.output)
            house.slots.place_kept(one.output)
        else:
            house.scheduler.start(one.generation)
            house.slots.stop_filling()
            index = one.generation.waiting_outputs.pop()
            house.slots.place_filled(RunningOutput(one.generation, index, _SPELLING, 10, frozenset()))
    assert len(house.slots) == 4
