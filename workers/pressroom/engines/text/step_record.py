"""What one step of the text engine has made so far."""

from collections.abc import Sequence

from pressroom.engines.base import Delta, Ending, EngineError, Outcome, Step
from pressroom.engines.text.running import RunningGeneration


class StepRecord:
    """``members``: the generations that it worked for; ``ended``: those that left, and why."""

    def __init__(self) -> None:
        self.deltas: list[Delta] = []
        self.ended: list[tuple[RunningGeneration, Ending, EngineError | None]] = []
        self.members: set[RunningGeneration] = set()
        self.filled = self.reused = self.guessed = 0

    def whole(self, refused: Sequence[Outcome]) -> Step:
        """The step, with those that were refused before it."""
        outcomes = [*refused, *(one.outcome(ending, error) for one, ending, error in self.ended)]
        return Step(tuple(self.deltas), tuple(outcomes), self.filled, self.reused, self.guessed)
