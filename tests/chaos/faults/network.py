"""Trouble with the network: a line that is cut, and one that crawls."""

from abc import ABC, abstractmethod
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


class _LineFault(ABC):
    """Something is done to a line, and after a spell the line is healed."""

    spell_s: tuple[float, float]

    def __init__(self, name: str, which: _Which) -> None:
        self.name = name
        self._which = which

    def fits(self, stage: Stage) -> bool:
        return self._which(stage) is not None

    def hit(self, stage: Stage, dice: Random) -> None:
        line = self._which(stage)
        assert line is not None
        stage.busy()
        self._break(line, dice)
        try:
            spell(dice, *self.spell_s)
        finally:
            line.heal()

    @abstractmethod
    def _break(self, line: Line, dice: Random) -> None: ...


class LineCut(_LineFault):
    """Every connection is reset, and none is made for a while."""

    spell_s = (0.3, 1.5)

    def _break(self, line: Line, dice: Random) -> None:
        line.cut()


class LineSlow(_LineFault):
    """What passes is late by up to a fifth of a second a piece, and comes in drops."""

    spell_s = (0.5, 2.0)

    def _break(self, line: Line, dice: Random) -> None:
        line.slow(dice.uniform(0.02, 0.2), dice.choice((20_000, 200_000)))


def network_faults() -> tuple[LineCut | LineSlow, ...]:
    """Both troubles of both lines."""
    return (
        LineCut("redis_cut", _redis),
        LineSlow("redis_slow", _redis),
        LineCut("database_cut", _database),
        LineSlow("database_slow", _database),
    )
