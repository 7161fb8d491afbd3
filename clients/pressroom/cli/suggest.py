"""``pressroom suggest``: which articles are near a reader's interests, and a sentence about each; for one reader or for many.

What is written is a batch, so that there may be as many sentences as a server takes at once; the same sentence for several readers is
written once.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click

from pressroom.cli import console
from pressroom.cli.batch import ended
from pressroom.cli.config import Connection
from pressroom.cli.following import timeout_option
from pressroom.cli.reading_lists import articles_in, readers_in
from pressroom.cli.saving import write_file
from pressroom.cli.stops import Stop
from pressroom.client import Client, Suggestion
from pressroom.client.suggesting import LEAST, TEMPLATE, By
from pressroom.contract.batches import BatchResult

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_COLUMNS = ("reader", "rank", "interest", "title", "link", "likeness", "text")
_ALONE = ""
_MOST_SAID = 20


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How sentences are written."""

    template: str
    voice: str | None
    model: str | None
    params: Mapping[str, Any]
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class _Told:
    """A suggestion and the sentence about it, if there is one, with what was found in it or why there is none."""

    reader: str
    suggestion: Suggestion
    text: str = ""
    findings: tuple[str, ...] = ()
    trouble: str = ""

    def cells(self) -> dict[str, str]:
        found = self.suggestion
        item = found.item
        told = (
            self.reader,
            found.rank,
            found.interest,
            item.title,
            item.link,
            f"{found.likeness:.2f}",
            self.text,
        )
        return dict(zip(_COLUMNS, map(str, told), strict=True))


@click.command()
@click.argument("articles", type=_FILE)
@click.option("--interest", "interests", multiple=True, help="Of the reader; once for each.")
@click.option("--readers", type=_FILE, help="Many readers: a table with the columns reader and interests.")
@click.option("--out", type=_OUT, help="With --readers: the table that is written (CSV).")
@click.option(
    "--top", type=click.IntRange(min=1), default=3, show_default=True, help="At most so many a reader."
)
@click.option("--rank-only", is_flag=True, help="Write no sentences.")
@click.option(
    "--by", type=click.Choice(get_args(By)), help="[default: meaning where a worker runs a model for it]"
)
@click.option("--embedding", metavar="MODEL", help="The model that reads, for --by meaning.")
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    help=f"How near an article has to be, by meaning. [default: {LEAST}]",
)
@click.option("--template", default=TEMPLATE, show_default=True, help="What writes the sentences.")
@click.option("--voice", help="How your brand speaks: a voice of /v1/voices.")
@click.option("--model", help="[default: the first text model that a worker runs]")
@click.option(
    "--n", "-n", "n", type=click.IntRange(1, 8), help="How many candidates a sentence. [default: 4]"
)
@click.option("--seed", type=int, help="Same seed, same texts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@timeout_option
@click.pass_obj
def suggest(
    connection: Connection,
    articles: Path,
    interests: tuple[str, ...],
    readers: Path | None,
    out: Path | None,
    top: int,
    by: By | None,
    embedding: str | None,
    least: float | None,
    template: str,
    voice: str | None,
    model: str | None,
    n: int | None,
    seed: int | None,
    timeout_s: float | None,
    *,
    rank_only: bool,
    as_json: bool,
) -> None:
    """Suggest what to read of ARTICLES, a table with the column title and, if you like, text and link.

    READERS has a reader's interests with semicolons between them."""
    if bool(interests) == (readers is not None):
        raise click.UsageError("Give either --interest or --readers.")
    if (readers is None) != (out is None):
        raise click.UsageError("--readers and --out belong together: the table of all is saved there.")
    if as_json and out is not None:
        raise click.UsageError("--json is for one reader; --out is a table.")
    items = articles_in(articles)
    asked = readers_in(readers) if readers is not None else {_ALONE: list(interests)}
    params = {name: value for name, value in (("n", n), ("seed", seed)) if value is not None}
    with connection.client() as client:
        with console.working("Reading"):
            ranked = client.rank_all(
                asked, items, top=top, by=by, embedding=embedding, least=least, timeout_s=timeout_s
            )
        found = [(reader, each) for reader, mine in ranked.items() for each in mine]
        _say_who_has_none(ranked)
        if rank_only or not found:
            told = [_Told(reader, each) for reader, each in found]
        else:
            told = _written(client, found, _Wanted(template, voice, model, params, timeout_s))
    if out is not None:
        write_file(out, _table(told))
    else:
        _show(told, as_json=as_json, rank_only=rank_only)
    _judge(told)


def _say_who_has_none(ranked: Mapping[str, Sequence[Suggestion]]) -> None:
    for reader, mine in ranked.items():
        if not mine:
            console.say(
                f"No article is near {'the interests of ' + reader if reader else 'these interests'}."
            )


def _written(client: Client, found: Sequence[tuple[str, Suggestion]], wanted: _Wanted) -> list[_Told]:
    """Raises what a batch does; what was posted goes on then."""
    model = wanted.model or client.pick_model("text").name
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for _, each in found:
        request = each.request(
            model=model, template=wanted.template, voice=wanted.voice, params=wanted.params
        )
        rows.setdefault(_key(each), request)
    made = client.batches.post(list(rows.values()))
    ended(client, made, wanted.timeout_s)
    results = {result.n: result for result in client.batches.results(made.id)}
    numbers = {key: n for n, key in enumerate(rows, 1)}
    return [_told(reader, each, results.get(numbers[_key(each)])) for reader, each in found]


def _key(suggestion: Suggestion) -> tuple[str, str, str]:
    """What a sentence is written from."""
    return suggestion.interest, suggestion.item.title, suggestion.item.link


def _told(reader: str, suggestion: Suggestion, result: BatchResult | None) -> _Told:
    if result is None:
        return _Told(reader, suggestion, trouble="It was canceled.")
    if result.status != "succeeded" or not result.outputs:
        trouble = result.error.message if result.error is not None else f"Its row is {result.status}."
        return _Told(reader, suggestion, trouble=trouble)
    first = min(result.outputs, key=lambda each: each.review.rank if each.review is not None else each.n + 1)
    findings = first.review.findings if first.review is not None else ()
    return _Told(reader, suggestion, first.text or "", findings)


def _table(told: Sequence[_Told]) -> bytes:
    written = io.StringIO()
    table = csv.DictWriter(written, _COLUMNS, lineterminator="\r\n")
    table.writeheader()
    table.writerows(each.cells() for each in told)
    # With its mark, as a feed's export has it: what opens tables by a click takes it for something else without.
    return written.getvalue().encode("utf-8-sig", errors="replace")


def _show(told: Sequence[_Told], *, as_json: bool, rank_only: bool) -> None:
    if as_json:
        for each in told:
            found = each.suggestion
            line = {**each.cells(), "rank": found.rank, "likeness": round(found.likeness, 4), "by": found.by}
            del line["reader"]
            if rank_only:
                del line["text"]
            console.line(json.dumps(line, ensure_ascii=False))
        return
    columns: dict[str, Mapping[str, Any]] = {name: {} for name in ("rank", "likeness", "interest")}
    columns |= {name: {"overflow": "fold"} for name in ("title", "link", *(() if rank_only else ("text",)))}
    console.table(columns, [[" ".join(each.cells()[name].split()) for name in columns] for each in told])


def _judge(told: Sequence[_Told]) -> None:
    """What has to be looked at goes to stderr. Raises Stop where a sentence is missing."""
    missing = sum(bool(each.trouble) for each in told)
    said = [
        f"{': '.join(filter(None, (each.reader, each.suggestion.item.title)))}: {what}"
        for each in told
        for what in (
            *(f"look at it: {finding}" for finding in each.findings),
            *([f"nothing was written: {each.trouble}"] if each.trouble else ()),
        )
    ]
    for line in said[:_MOST_SAID]:
        console.say(line)
    if len(said) > _MOST_SAID:
        console.say(f"… and {len(said) - _MOST_SAID} more like these.")
    if missing:
        raise Stop(f"{missing} of {len(told)} sentences could not be written.")
