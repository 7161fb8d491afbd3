"""Fifty texts of the demo's kind, each held against its row by program and by a reader: docs/copy-judged.md.

    python benchmarks/feed_judged.py

25 products, of which the first twelve are the demo's; a description and a meta description of each, as the demo
makes them (eight candidates, seed 5, ranked without an embedding model). The page has all of them. What a reader said of a text is in
``judged.json``, beside the text: of a text that has changed nothing has been said, and the page says so.
"""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

from live_stack import key_for, live_stack
from record import record

from pressroom.client import Client
from pressroom.contract.feeds import PieceView
from pressroom.domain.copy.channels import CHANNELS

_HERE = Path(__file__).parent
_TABLE, _SAID, _PAGE = (
    _HERE / "judged_products.csv",
    _HERE / "judged.json",
    _HERE.parent / "docs" / "copy-judged.md",
)
_OUTPUTS = ("product-description", "meta-description")
_PLAN: dict[str, Any] = {
    "outputs": [{"template": each} for each in _OUTPUTS],
    "params": {"n": 8, "seed": 5},
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HEAD = """# Fifty texts, read

Made by `benchmarks/feed_judged.py`: 25 products, a description and a meta description of each, by the templates that come with Pressroom and by
`smollm2-135m-instruct`, the small model of the demo, which runs on two cores. A program held each text against its row (numbers, limits); a person read each against
its row and said whether a shop could publish it as it stands: true to the row, in good English, and about this product. The reader had written the templates,
and their ways are a person's; what the model adds is for whom a product is. The thirteen products that are not the demo's came in when the templates were
there; after a first reading of all of them the ways were narrowed ("for those who love …") and candidates raised from four to eight, so they are not unseen any more. What was said is in `benchmarks/judged.json`, beside the text that it was said of.
"""


def main() -> None:
    table = _TABLE.read_bytes()
    with live_stack(reading_models="") as stack, Client(stack.address, key_for(stack, "bench")) as client:
        feed = client.feeds.wait(client.feeds.post(table, _PLAN, name=_TABLE.name).id)
        pieces = list(client.feeds.pieces(feed.id))
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(table.decode()))}
    said: dict[str, dict[str, str]] = json.loads(_SAID.read_text("utf-8")) if _SAID.exists() else {}
    figures = _figures(pieces, rows, said)
    record("feed_judged", figures)
    _PAGE.write_text(_page(pieces, rows, said, figures), "utf-8")


def _figures(
    pieces: list[PieceView], rows: dict[str, dict[str, str]], said: dict[str, dict[str, str]]
) -> dict[str, Any]:
    verdicts = [_verdict(piece, said)[0] for piece in pieces]
    return {
        "texts": len(pieces),
        "with_invented_numbers": sum(not _numbers_known(piece, rows[piece.key]) for piece in pieces),
        "within_limits": sum(_channel(piece).fits(piece.text or "") for piece in pieces),
        "found_by_program": sum(piece.status != "ready" for piece in pieces),
        "publishable": verdicts.count("yes"),
        "not_publishable": verdicts.count("no"),
        "not_read": verdicts.count("not read"),
        **{
            f"publishable_{column}": sum(
                verdict == "yes" and piece.column == column
                for piece, verdict in zip(pieces, verdicts, strict=True)
            )
            for column in sorted({piece.column for piece in pieces})
        },
    }


def _channel(piece: PieceView) -> Any:
    return CHANNELS[piece.column]


def _numbers_known(piece: PieceView, row: dict[str, str]) -> bool:
    return set(_NUMBER.findall(piece.text or "")) <= set(_NUMBER.findall(" ".join(row.values())))


def _verdict(piece: PieceView, said: dict[str, dict[str, str]]) -> tuple[str, str]:
    """``yes``, ``no`` or ``not read``, and why."""
    each = said.get(f"{piece.key} {piece.column}", {})
    if each.get("text") != piece.text:
        return "not read", "the text has changed since"
    return each["publishable"], each.get("why", "")


def _page(
    pieces: list[PieceView],
    rows: dict[str, dict[str, str]],
    said: dict[str, dict[str, str]],
    figures: dict[str, Any],
) -> str:
    lines = [_HEAD, "| | |", "| --- | --- |"]
    lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in figures.items()]
    for key, row in rows.items():
        facts = "; ".join(f"{name}: {value}" for name, value in row.items() if value and name != "id")
        lines += ["", f"**{key}** – {facts}", ""]
        for piece in (each for each in pieces if each.key == key):
            channel = _channel(piece)
            verdict, why = _verdict(piece, said)
            length = f"{channel.count(piece.text or '')} of {channel.limit}"
            told = f"{verdict}: {why}" if why else verdict
            lines.append(f"- {piece.column} ({length}): “{piece.text}” – publishable? {told}")
            lines += [f"  - found: {finding}" for finding in piece.findings]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
