"""What goes where: results to stdout, all else to stderr; colours and progress only on a terminal."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

# Control characters that could move the cursor or change the terminal, if a model wrote them.
_CONTROL: Mapping[int, str] = {
    code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
}
_TABLE_WIDTH = 120


def on_terminal() -> bool:
    """Whether somebody reads stdout."""
    return sys.stdout.isatty()


def write(text: str) -> None:
    """Generated text to stdout at once, as it is; on a terminal without control characters."""
    click.echo(text.translate(_CONTROL) if on_terminal() else text, nl=False)


def line(text: str = "") -> None:
    """A line of the result to stdout."""
    write(f"{text}\n")


def note(text: str) -> None:
    """A remark for somebody who watches: stderr, and only on a terminal."""
    if sys.stderr.isatty():
        _stderr().print(text, style="dim", markup=False, highlight=False)


def say(text: str) -> None:
    """A message that must be seen: stderr."""
    click.echo(text, err=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on stderr while something is waited for."""
    with _stderr().status(what) if sys.stderr.isatty() else _nothing():
        yield


@contextmanager
def counting(what: str, total: int) -> Iterator["Bar"]:
    """A bar on stderr over ``total`` things."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_stderr(), transient=True, disable=not sys.stderr.isatty()) as progress:
        yield Bar(progress, what, total)


@contextmanager
def loading(what: str) -> Iterator["Bar"]:
    """A bar on stderr over bytes, whose total may be told later."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=_stderr(), transient=True, disable=not sys.stderr.isatty()) as progress:
        yield Bar(progress, what, None)


class Bar:
    """One row of progress."""

    def __init__(self, progress: Progress, what: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=total)

    def one_more(self) -> None:
        self._progress.advance(self._task)

    def at(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


def table(columns: Mapping[str, Mapping[str, Any]], rows: list[list[str]]) -> None:
    """A table on a terminal; elsewhere lines of tab-separated values without a head.

    ``columns`` maps the heading to rich's column options."""
    if not on_terminal():
        for row in rows:
            line("\t".join(row))
        return
    shown = Table(box=None, header_style="bold")
    for name, options in columns.items():
        shown.add_column(name, **options)
    for row in rows:
        shown.add_row(*(cell.translate(_CONTROL) for cell in row))
    width = max(Console().width, _TABLE_WIDTH)
    # On a narrow terminal lines wrap, so that an id can still be copied whole.
    Console(width=width, highlight=False, markup=False).print(shown)


def _stderr() -> Console:
    return Console(stderr=True)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
