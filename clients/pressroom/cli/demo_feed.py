"""The demo's feed: twelve products to titles, descriptions, meta descriptions and icons, and a page that shows how each was made."""

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pressroom.cli.saving import write_file
from pressroom.client import Client
from pressroom.contract.feeds import PieceView
from pressroom.contract.jobs import JobView
from pressroom.domain.copy.channels import CHANNELS

PLAN: dict[str, Any] = {
    "outputs": [
        {"template": "product-title", "column": "title"},
        {"template": "product-description", "column": "description"},
        {"template": "meta-description", "column": "meta_description"},
        {"picture": {"words": ["title"], "colour": "#2f5d50", "size": 128}, "column": "icon"},
    ],
    "params": {"n": 8, "seed": 5},
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece on the page. ``share`` of the channel's limit, in percent."""

    piece: PieceView
    job: JobView | None
    picture: str | None
    length: int
    limit: int

    @property
    def share(self) -> int:
        return min(100, 100 * self.length // self.limit) if self.limit else 0


def products() -> bytes:
    """The shipped table."""
    return files("pressroom.cli").joinpath("demo_products.csv").read_bytes()


def run_feed(client: Client, out: Path, timeout_s: float) -> tuple[int, int]:
    """Write ``out/feed.csv`` and ``out/index.html``; how many pieces there are, and how many of them are ready. Raises ClientError, Stop."""
    table = products()
    feed = client.feeds.wait(client.feeds.post(table, PLAN, name="products.csv").id, timeout_s)
    pieces = list(client.feeds.pieces(feed.id))
    write_file(out / "feed.csv", client.feeds.export(feed.id, which="ready", columns=feed.columns[:3]))
    facts = {row[feed.key]: row for row in csv.DictReader(io.StringIO(table.decode()))}
    write_file(out / "index.html", _page(facts, [_shown(client, each) for each in pieces]).encode())
    return len(pieces), sum(each.status == "ready" for each in pieces)


def _shown(client: Client, piece: PieceView) -> Shown:
    job = client.job(piece.job_id) if piece.job_id is not None else None
    picture = None
    if job is not None and job.kind == "image" and piece.output is not None:
        content = base64.b64encode(client.output(job, piece.output)).decode()
        picture = f"data:{job.outputs[piece.output].media_type};base64,{content}"
    writing = job.input.writing if job is not None else None
    channel = CHANNELS.get(writing.channel or "") if writing is not None else None
    length = channel.count(piece.text) if channel is not None and piece.text is not None else 0
    return Shown(piece, job, picture, length, channel.limit if channel is not None else 0)


def _page(facts: dict[str, dict[str, str]], shown: list[Shown]) -> str:
    from jinja2 import Environment

    rows: dict[str, list[Shown]] = {}
    for each in shown:
        rows.setdefault(each.piece.key, []).append(each)
    page = Environment(autoescape=True).from_string(
        files("pressroom.cli").joinpath("demo_page.html").read_text(encoding="utf-8")
    )
    told: str = page.render(rows=rows, facts=facts, ranked=_ranked)
    return told


def _ranked(job: JobView) -> Iterator[Any]:
    """Candidates, the best first."""
    return iter(sorted(job.outputs, key=lambda each: each.review.rank if each.review is not None else each.n))
