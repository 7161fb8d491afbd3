"""What one API key may ask for, and how much of it.

models             the models that its jobs may name; None: all
requests_minute    requests that ask for work, within any minute; a batch is one
tokens_day         tokens, read and written, of the jobs that it posts on one date (UTC)
concurrency        jobs of it that run at once; the others wait in the queue
priority           what its jobs have where they name none, and the most that they may name

Each bound is None where there is none.
"""

from dataclasses import dataclass, fields

from pressroom.domain.errors import InputInvalid

_MOST = 2**53 - 1
_PRIORITIES = 9


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """The bounds of a key. Raises InputInvalid for what is no bound."""

    models: tuple[str, ...] | None = None
    requests_minute: int | None = None
    tokens_day: int | None = None
    concurrency: int | None = None
    priority: int | None = None

    def __post_init__(self) -> None:
        if self.models is not None and (not self.models or not all(self.models)):
            raise InputInvalid("models names one model or more; leave it out for all.", field="models")
        for name in ("requests_minute", "tokens_day", "concurrency"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= _MOST:
                raise InputInvalid(f"{name} is 1 or more; leave it out for no bound.", field=name)
        if self.priority is not None and not 0 <= self.priority <= _PRIORITIES:
            raise InputInvalid(f"priority is 0 to {_PRIORITIES}.", field="priority")

    def __bool__(self) -> bool:
        """Whether there is any bound."""
        return any(getattr(self, field.name) is not None for field in fields(self))


UNLIMITED = KeyLimits()
