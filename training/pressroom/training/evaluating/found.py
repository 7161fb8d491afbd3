"""What an evaluation consists of: numbers, tables and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` as they are shown, of as many cells as ``columns``."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A file in the run's folder."""

    title: str
    file: str


@dataclass(frozen=True, slots=True)
class Found:
    """``metrics`` go into the model's manifest as they are; the rest is for people."""

    metrics: Mapping[str, float]
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    texts: Sequence[str] = field(default=())
