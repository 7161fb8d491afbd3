"""One making of a recipe: where it happens, and who is told on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """``folder`` gets all that is made; ``data`` holds the data set, if its place is known; ``quiet``: no bar."""

    folder: Path
    say: Say
    data: Path | None = None
    quiet: bool = False
