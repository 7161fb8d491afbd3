"""Taking product feeds in: rows a second, and the front's memory while they come, on SQLite and PostgreSQL.

    make bench-feeds, or python benchmarks/feed_intake.py [--rows 1000 100000] [--database sqlite postgres]

A whole stack with the fake engine runs; tables are posted over a socket as a form, each row of about 120 bytes, for one title each.
``front_growth_mb`` is how much the resident memory of the front's processes had grown at its highest, against just before; the goal is
that 100,000 rows take at most 20 MB more than 1,000 do. The table lies in a file and is sent from there: the sender's memory is no part of it.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import httpx
from batch import DATABASES, GOAL_MB, measured
from record import record

_PLAN = json.dumps({"outputs": [{"template": "seo-title"}], "params": {"n": 1}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--database", nargs="+", choices=DATABASES, default=list(DATABASES))
    arguments = parser.parse_args()
    figures = {name: measured(name, sorted(arguments.rows), _post) for name in arguments.database}
    record("feed_intake", {"goal_mb": GOAL_MB, **figures})


def _post(http: httpx.Client, rows: int) -> int:
    """Post a feed, check that all of it was taken, and take it back. The table's bytes."""
    with tempfile.TemporaryFile() as table:
        table.writelines(_lines(rows))
        size = table.tell()
        table.seek(0)
        feed = _sent(http, table)
    if (feed["pieces"], feed["counts"]["refused"]) != (rows, 0):
        raise RuntimeError(
            f"{feed['pieces']} pieces were taken and {feed['counts']['refused']} refused, of {rows}."
        )
    http.delete(f"/v1/batches/{feed['id']}").raise_for_status()
    return size


def _sent(http: httpx.Client, table: IO[bytes]) -> dict[str, Any]:
    answer = http.post("/v1/feeds", data={"plan": _PLAN}, files={"feed": ("products.csv", table, "text/csv")})
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def _lines(rows: int) -> Iterator[bytes]:
    yield b"id,title,material,brand,note\n"
    for n in range(rows):
        yield f'sku-{n},Harbour Mug {n},stoneware,Kiln & Co,"fired twice, glazed by hand; row {n} of a long table"\n'.encode()


if __name__ == "__main__":
    main()
