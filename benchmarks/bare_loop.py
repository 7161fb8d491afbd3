"""The engine class alone, driven by nothing but ``step``: what a text path can reach at best, with all there from the
beginning or with each coming at its time."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pressroom.engines.base import Ending, Engine, Outcome, TextGeneration


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates are tokens a second of all requests together."""

    requests: int
    tokens_in: int
    tokens_out: int
    seconds: float
    tokens_out_per_s: float
    first_output_s_median: float
    first_output_s_worst: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def run_bare_loop(
    engine: Engine, generations: Sequence[TextGeneration], arrivals: Sequence[float] | None = None
) -> Figures:
    """Admit each at its second of ``arrivals``, or all at once, and step until the last one ends. Raises
    ``RuntimeError`` if one fails."""
    coming = list(zip(arrivals or [0.0] * len(generations), generations, strict=True))[::-1]
    outcomes: list[Outcome] = []
    began = time.monotonic()
    while coming or engine.load:
        if not engine.load:
            time.sleep(max(0.0, began + coming[-1][0] - time.monotonic()))
        while coming and time.monotonic() >= began + coming[-1][0]:
            engine.admit(coming.pop()[1])
        outcomes += engine.step().outcomes
    seconds = time.monotonic() - began
    for outcome in outcomes:
        if outcome.ending is not Ending.DONE:
            raise RuntimeError(f"{outcome.key.job_id} ended {outcome.ending}: {outcome.error}")
    waits = sorted(outcome.first_output - began for outcome in outcomes if outcome.first_output is not None)
    tokens_out = sum(outcome.usage.tokens_out for outcome in outcomes)
    return Figures(
        requests=len(outcomes),
        tokens_in=sum(outcome.usage.tokens_in for outcome in outcomes),
        tokens_out=tokens_out,
        seconds=seconds,
        tokens_out_per_s=tokens_out / seconds,
        first_output_s_median=waits[len(waits) // 2],
        first_output_s_worst=waits[-1],
    )
