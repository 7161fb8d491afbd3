"""The database's clock is set wrong by hours, and set right again later: a step each way."""

from random import Random

from tests.chaos.control import change
from tests.chaos.fault import Stage
from tests.chaos.faults.spell import spell

_HOUR_MS = 3_600_000


class ClockStep:
    """Below the default deadline: what a clock that is wrong for longer than that does to jobs, their
    deadline does, and is documented."""

    name = "clock_step"

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        stage.busy()
        change(stage.control, wall_ms=dice.choice((-1, 1)) * dice.randint(_HOUR_MS, 6 * _HOUR_MS))
        try:
            spell(dice, 0.5, 2.0)
        finally:
            change(stage.control, wall_ms=0)
