"""Each kind of trouble has its turns, also on a machine that is too slow for them in the time that was given."""

import time
from random import Random
from typing import Any, cast

import pytest
from tests.chaos.fault import Stage
from tests.chaos.lanes import LEAST_HITS, Lanes
from tests.chaos.stage import NotBusy

SECONDS = 0.2


class _Slow:
    """Takes as long as half of the run."""

    def __init__(self, name: str, *, busy: bool = True) -> None:
        self.name = name
        self._busy = busy

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        time.sleep(SECONDS / 2)
        if not self._busy:
            raise NotBusy


def _lanes(*faults: _Slow) -> Lanes:
    def note(*_: Any, **__: Any) -> None:
        pass

    return Lanes(cast(Stage, None), {"one": list(faults)}, 7, note)


@pytest.mark.parametrize("kinds", [1, 2])
def test_a_lane_goes_on_until_each_kind_has_had_enough_hits(kinds: int) -> None:
    lanes = _lanes(*(_Slow(f"slow-{n}") for n in range(kinds)))
    lanes.run(SECONDS)
    assert all(count >= LEAST_HITS for count in lanes.hits.values())


def test_it_does_not_go_on_for_ever_where_nothing_can_be_hit() -> None:
    lanes = _lanes(_Slow("idle", busy=False))
    began = time.monotonic()
    lanes.run(SECONDS)
    assert lanes.hits == {"idle": 0}
    assert lanes.misses["idle"] > 1
    assert time.monotonic() - began > 2 * SECONDS
