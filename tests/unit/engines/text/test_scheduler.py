"""Order and size of prefill chunks."""

from pressroom.contract.params import TextParams
from pressroom.engines.base import Key, TextGeneration
from pressroom.engines.text.running import RunningGeneration
from pressroom.engines.text.scheduler import Scheduler
from pressroom.engines.text.slots import Slots


def _scheduler(slots: int = 4, chunk: int = 8) -> tuple[Scheduler, Slots]:
    table = Slots(slots, lambda source, target, tokens: None)
    return Scheduler(table, chunk), table


def _prompt(name: str, tokens: int) -> RunningGeneration:
    generation = TextGeneration(Key(name, 1), TextParams(seed=1), prompt="x")
    return RunningGeneration(generation, list(range(tokens)))


def _step(scheduler: Scheduler, table: Slots) -> list[tuple[str, int, int, bool]]:
    """The chunks of one step; a whole prompt frees its slot as if it ended at once."""
    scheduler.begin_step()
    chunks = []
    while (chunk := scheduler.next_chunk()) is not None:
        chunks.append((chunk.generation.request.key.job_id, chunk.start, chunk.end, chunk.last))
        if chunk.last:
            table.stop_filling()
    return chunks


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
