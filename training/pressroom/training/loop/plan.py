"""How long to train, and how fast to learn on the way."""

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0)]


class Plan(BaseModel):
    """A budget in epochs or in seconds of CPU time, and a learning rate that rises and falls over it.

    With a budget in epochs the same seed gives the same weights, also when the run is broken off and taken up again;
    one in seconds ends where the machine's speed puts it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int | None = Field(None, ge=1)
    cpu_seconds: Positive | None = None
    batch: int = Field(128, ge=1)
    learning_rate: Positive = 2e-3
    warm_up_steps: int = Field(200, ge=0, description="So long the learning rate rises.")
    final_share: float = Field(
        0.01, ge=0, le=1, description="Of the learning rate, which is left at the end."
    )
    patience: int | None = Field(None, ge=1, description="Epochs without a better score, then it is enough.")
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if (self.epochs is None) == (self.cpu_seconds is None):
            raise ValueError("give a budget in epochs or in cpu_seconds, and not in both")
        return self

    def share(self, step: int, steps_an_epoch: int, spent_s: float) -> float:
        """How much of the budget is used, 0 to 1, before step ``step``."""
        if self.epochs is not None:
            return min(1.0, step / (self.epochs * steps_an_epoch))
        assert self.cpu_seconds is not None
        return min(1.0, spent_s / self.cpu_seconds)

    def rate(self, step: int, share: float) -> float:
        """The learning rate: a straight way up, then half a cosine down (Loshchilov and Hutter 2017, SGDR)."""
        rise = min(1.0, (step + 1) / self.warm_up_steps) if self.warm_up_steps else 1.0
        fall = 0.5 * (1 + math.cos(math.pi * share))
        return self.learning_rate * rise * (self.final_share + (1 - self.final_share) * fall)
