"""A feed of real copy from its post to its export, with a kill of every process in the middle; each text held against its own row.

    make bench-feeds, or python benchmarks/feed_rows.py [--rows 200] [--n 4] [--templates product-description …] [--quiet]
    python benchmarks/feed_rows.py --channels            all channels that a product is written for

A whole stack with the real text model runs; the front, the relay and the text worker are killed once each (SIGKILL) when a fifth, two and
three fifths of the feed are done, and the stack starts them again. ``--quiet`` kills nobody, to measure rows a minute.

Every row has a title and a size of its own, so that a text tells whose it is. Over all candidates, not only those that are taken: ``own_row``
are those with the title of their row, and its size where the template asks for it; ``made_up_numbers`` those with a number that the row does
not have; ``within_limits`` as the channel counts; ``cut`` those that a bound may have ended, in a word or before a sentence's end; ``json`` are those of
templates that make JSON, and ``json_valid`` those of them that can be read and are of their schema. The last words of gaps and the texts that were taken of the
first fifty pieces are in ``--out``, for people to read.
"""

import argparse
import csv
import io
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path
from typing import Any

from live_stack import key_for, live_stack
from models import default_text_manifest
from record import record

from pressroom.catalog.templates import shipped_templates
from pressroom.client import Client, ClientError
from pressroom.contract.feeds import FeedView, PieceView
from pressroom.contract.guide import LockedGap
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import margin
from pressroom.jobs.copy_json import wrong_with
from pressroom.jobs.judging import gaps_of, is_way
from pressroom.stack.up import RunningStack

_STYLES = [
    "Oslo",
    "Harbour",
    "Meadow",
    "Kiln",
    "Birch",
    "Alpine",
    "Linden",
    "Cove",
    "Ember",
    "North",
    "Quarry",
    "Willow",
    "Sable",
    "Dune",
    "Orchard",
]
_THINGS = (
    ("Floor Lamp", "oak and linen", "reading", "a dimmer; a long cord"),
    ("Mug", "stoneware", "slow mornings", "a wide handle"),
    ("Socks", "merino wool", "long walks", "a cushioned heel"),
    ("Backpack", "waxed canvas", "weekend trips", "a padded sleeve; two side pockets"),
    ("Throw", "lambswool", "cold evenings", ""),
    ("Tote Bag", "recycled cotton", "markets", "an inner pocket"),
    ("Side Table", "walnut", "coffee and books", "a lower shelf"),
    ("Watering Can", "powder-coated steel", "balconies", "a narrow spout"),
    ("Desk Organiser", "beech", "small desks", "three trays"),
    ("Rain Jacket", "recycled nylon", "wet commutes", "taped seams; a hood"),
    ("Candle Holder", "brass", "dinners", ""),
    ("Bread Board", "maple", "", "a juice groove"),
    ("Wall Clock", "ash", "kitchens", "a silent movement"),
    ("Apron", "linen", "baking", "a towel loop; deep pockets"),
)
_COLOURS = ("natural; black", "sea blue", "grey; green", "sand", "white")
_CHANNELS = [
    "product-description",
    "meta-description",
    "social-post",
    "sms",
    "email-subject",
    "ad-headline",
    "seo-title",
    "product-json",
]
_FACTS = {"email-subject": {"subject": "title"}}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--n", type=int, default=4)
    parser.add_argument("--templates", nargs="+", default=["product-description"])
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--channels", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = list(islice(products(), arguments.rows))
    templates = _CHANNELS if arguments.channels else arguments.templates
    plan = {
        "outputs": [{"template": each, "facts": _FACTS.get(each, {})} for each in templates],
        "params": {"n": arguments.n, "seed": 5},
    }
    with live_stack(max_attempts=5) as stack, Client(stack.address, key_for(stack, "bench")) as client:
        began = time.monotonic()
        posted = client.feeds.post(table(rows), plan, name="products.csv")
        with _watched(stack):
            killed = [] if arguments.quiet else _kill_each(client, posted, stack)
            feed = client.feeds.wait(posted.id)
        took = time.monotonic() - began
        pieces = list(client.feeds.pieces(feed.id))
        figures = _judged(client, rows, pieces)
    last_words = figures.pop("last_words")
    if arguments.out is not None:
        texts = [f"{each.key}\t{each.text}\n" for each in pieces[:50]]
        words = [f"{word}\t{count}\n" for word, count in last_words.items()]
        arguments.out.write_text("".join([*texts, *words]), "utf-8")
    told = {
        "rows": len(rows),
        "n": arguments.n,
        "templates": templates,
        "model": default_text_manifest().name,
        "killed": killed,
        "rows_per_minute": round(60 * len(rows) / took, 1),
        "states": {name: count for name, count in feed.counts.model_dump().items() if count},
        **figures,
    }
    name = "feed_rows_quiet" if arguments.quiet else "feed_rows"
    record("feed_channels" if arguments.channels else name, told)


def products() -> Iterator[dict[str, str]]:
    """Rows of which no two have a title or a size in common."""
    for n, (style, (thing, material, use, features)) in enumerate(product(_STYLES, _THINGS)):
        yield {
            "id": f"sku-{n}",
            "title": f"{style} {thing}",
            "material": material,
            "colour": _COLOURS[n % len(_COLOURS)],
            "size": f"{101 + n} mm",
            "use": use,
            "features": features,
            "link": f"https://shop.example/{style}-{thing}".lower().replace(" ", "-"),
        }


def table(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@contextmanager
def _watched(stack: RunningStack) -> Iterator[None]:
    """What is killed is started again meanwhile, as ``pressroom up`` does it."""
    done = threading.Event()
    watcher = threading.Thread(target=stack.watch, args=(done.is_set,))
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _kill_each(client: Client, feed: FeedView, stack: RunningStack) -> list[str]:
    killed = []
    for fifth, name in enumerate(("front", "relay", "worker-text"), 1):
        while _succeeded(client, feed.id) < feed.pieces * fifth // 5:
            time.sleep(0.5)
        os.kill(stack.pids[name], signal.SIGKILL)
        killed.append(name)
    return killed


def _succeeded(client: Client, feed_id: str) -> int:
    try:
        return client.feeds.get(feed_id).counts.succeeded
    except ClientError:  # the front is away
        return 0


def _judged(client: Client, rows: list[dict[str, str]], pieces: list[PieceView]) -> dict[str, Any]:
    """Counts over the candidates of all pieces, each held against the row of its piece's key."""
    templates = shipped_templates()
    facts = {row["id"]: row for row in rows}
    last = Counter[str]()
    candidates = own = made_up = within = cut = made_json = valid = 0
    for piece in pieces:
        job, row = client.job(piece.job_id or ""), facts[piece.key]
        writing = job.input.writing
        if writing is None:
            raise RuntimeError(f"{job.id} of {piece.key} is no writing.")
        channel = CHANNELS[writing.channel or ""]
        guide: Any = getattr(job.params, "guide", None)
        asked = {each.name for each in templates[writing.template.partition("@")[0]].variables}
        for text in (output.text or "" for output in job.outputs):
            candidates += 1
            own += row["title"] in text and ("size" not in asked or row["size"] in text)
            made_up += not set(_NUMBER.findall(text)) <= set(_NUMBER.findall(" ".join(row.values())))
            within += channel.fits(text)
            cut += not channel.ends_well(text) or _may_be_cut(text, guide, writing.locale or "en")
            last.update(text[place].split()[-1] for _, place in gaps_of(guide, text))
            made_json += writing.json_schema is not None
            valid += writing.json_schema is not None and wrong_with(text, writing.json_schema) is None
    return {
        "pieces": len(pieces),
        "keys": len({piece.key for piece in pieces}),
        "ready": sum(piece.status == "ready" for piece in pieces),
        "to_look_at": sum(piece.status == "needs_review" for piece in pieces),
        "candidates": candidates,
        "own_row": own,
        "made_up_numbers": made_up,
        "within_limits": within,
        "cut": cut,
        "json": made_json,
        "json_valid": valid,
        "last_words": dict(last.most_common()),
    }


def _may_be_cut(text: str, guide: Any, locale: str) -> bool:
    """Whether a gap goes to where its bound would cut a word, or the text is none of its guide."""
    gaps = gaps_of(guide, text)
    missing = len(gaps) != sum(isinstance(part, LockedGap) for part in guide.parts)
    return missing or any(
        not is_way(text[place], gap) and len(text[place]) > gap.chars - margin(locale) for gap, place in gaps
    )


if __name__ == "__main__":
    main()
