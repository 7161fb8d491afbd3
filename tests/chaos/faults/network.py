"""Trouble with the network: a line that is cut, and one that crawls."""

from collections.abc import Callable
from random import Random

from tests.chaos.fault import Line, Stage
from tests.chaos.faults.spell import spell

# Which line of a stage: None where the stage has no such line.
_Which = Callable[[Stage], Line | None]


def _redis(stage: Stage) -> Line | None:
    return stage.valkey_line


def _database(stage: Stage) -> Line | None:
    return stage.database_line


class LineCut:
    """Every connection is reset, and none is made for a while."""

    def __init__(self, name: str, which: _Which) -> None:
        self.name = name
        self._which = which

    def fits(self, stage: Stage) -> bool:
        return self._which(stage) is not None

    def hit(self, stage: Stage, dice: Random) -> None:
        line = self._which(stage)
        assert line is not None
        stage.busy()
        line.cut()
        try:
            spell(dice, 0.3, 1.5)
        finally:
            line.heal()


class LineSlow:
    """What passes is late by up to a fifth of a second a piece, and comes in drops."""

    def __init__(self, name: str, which: _Which) -> None:
        self.name = name
        self._which = which

    def fits(self, stage: Stage) -> bool:
        return self._which(stage) is not None

    def hit(self, stage: Stage, dice: Random) -> None:
        line = self._which(stage)
        assert line is not None
        stage.busy()
        line.slow(dice.uniform(0.02, 0.2), dice.choice((20_000, 200_000)))
        try:
            spell(dice, 0.5, 2.0)
        finally:
            line.heal()


def network_faults() -> tuple[LineCut | LineSlow, ...]:
    """Both troubles of both lines."""
    return (
        LineCut("redis_cut", _redis),
        LineSlow("redis_slow", _redis),
        LineCut("database_cut", _database),
        LineSlow("database_slow", _database),
    )
