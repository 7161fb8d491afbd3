"""How long things of a tenant are kept: its policy, by which each job is accepted.

A change of policy concerns the jobs that come after it: what was promised to earlier ones stays.
"""

from dataclasses import dataclass, fields

from pressroom.domain.errors import InputInvalid

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

# Least and most, in seconds.
BOUNDS = {
    "results_s": (_MINUTE, 90 * _DAY),
    "prompts_s": (0, 90 * _DAY),
    "events_s": (10, 7 * _DAY),
    "keys_s": (_HOUR, 400 * _DAY),
}


@dataclass(frozen=True, slots=True)
class Retention:
    """Seconds; None: as it is for everybody.

    ``results_s``   from a job's end: what jobs have that do not say, and the most that one may ask for
    ``prompts_s``   from a job's end until its input is erased; None: with the result
    ``events_s``    from a job's end until its stream is gone from Redis; None: ``stream_ttl_s``
    ``keys_s``      from a job's acceptance until its idempotency key is free; None: a week beyond its life

    Raises InputInvalid for what is out of bounds."""

    results_s: int | None = None
    prompts_s: int | None = None
    events_s: int | None = None
    keys_s: int | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            least, most = BOUNDS[each.name]
            if value is not None and not least <= value <= most:
                raise InputInvalid(
                    f"{each.name} is {least} to {most} seconds; {value} is not.", field=each.name
                )

    def result_ttl_s(self, asked: int, *, said: bool) -> int:
        """What a job gets that ``asked`` for so much, or that did not say (``said`` is False)."""
        if self.results_s is None:
            return asked
        return min(asked, self.results_s) if said else self.results_s
