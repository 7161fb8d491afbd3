"""What a fault is to the chaos suite, and what it may lay hands on.

A stage runs; a fault breaks one thing of it and mends it again before it returns. Faults draw all
chance from the dice they are given, so that a seed tells the whole story.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from tests.acceptance.processes import Process


class Service(Protocol):
    """A server beside Pressroom: Valkey, PostgreSQL."""

    def kill(self) -> None:
        """End it at once, without its leave."""

    def start(self) -> None:
        """Returns once it answers, on the same address, with what it had on disk."""


class Volatile(Service, Protocol):
    """A server that may lose all it holds: Valkey."""

    def flush(self) -> None:
        """It forgets everything, and goes on."""

    def lose(self) -> None:
        """Once it is dead: remove what it has on disk."""


class Line(Protocol):
    """The network between Pressroom and a server: a TCP proxy."""

    def cut(self) -> None:
        """Cut every open connection; new ones are refused until ``heal``."""

    def slow(self, delay_s: float, bytes_per_s: int) -> None:
        """Hold up what passes until ``heal``."""

    def heal(self) -> None: ...


@dataclass(slots=True)
class Stage:
    """A running pressroom and the means to break it.

    ``control`` is a JSON file that the wrapped processes read again and again (see ``wrapped``);
    ``restart`` starts a dead process anew under the same name; ``busy`` waits until jobs run, so
    that a fault hits while there is something to lose."""

    database: str  # "sqlite" or "postgres"
    folder: Path
    control: Path
    lease_s: float
    valkey: Volatile
    valkey_line: Line
    postgres: Service | None
    database_line: Line | None
    processes: Callable[[str], Sequence[Process]]  # role: front, relay, worker
    restart: Callable[[Process], Process]
    busy: Callable[[], None]


class Fault(Protocol):
    """One kind of trouble. ``hit`` returns when it is over and what it broke runs again."""

    name: str

    def fits(self, stage: Stage) -> bool:
        """Whether this stage can be broken in this way."""

    def hit(self, stage: Stage, dice: Random) -> None: ...
