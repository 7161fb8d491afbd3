"""The chart of the text engine beside its peers, from ``results/text_peers.json``: docs/pictures/text-engine.svg.

    python benchmarks/chart.py

One line a contestant: tokens a second while decoding, by how many texts are written at once. Dashed: a format that
costs more perplexity than counts (``text_quality.GOAL``).
"""

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from record import RESULTS
from text_peers import counts
from text_quality import GOAL

TARGET = Path(__file__).parents[1] / "docs" / "pictures" / "text-engine.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 430, 64, 190, 58, 56
# Okabe and Ito 2008: told apart by those who see few colours, too. Ours are the two strongest.
_OURS = ("#d55e00", "#e69f00")
_PEERS = ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#777777", "#999933", "#882255", "#44aa99")


def main() -> None:
    told = json.loads((RESULTS / "text_peers.json").read_text(encoding="utf-8"))
    TARGET.write_text(svg(told), encoding="utf-8")
    print(TARGET, file=sys.stderr)


def svg(told: Mapping[str, Any]) -> str:
    """The whole picture; ``told`` is what ``record`` has written."""
    decode: Mapping[str, Mapping[str, float]] = told["figures"]["decode"]
    batches = sorted(decode, key=int)
    names = sorted(decode[batches[-1]], key=lambda name: -decode[batches[-1]][name])
    most = max(max(rates.values()) for rates in decode.values())
    scale = _Scale(batches, _round_up(most))
    ours, peers = iter(_OURS), iter(_PEERS)
    colours = {name: next(ours if name.startswith("pressroom") else peers) for name in names}
    ends = _apart([scale.y(decode[batches[-1]][name]) for name in names], 18, HEIGHT - BOTTOM)
    parts = [*_frame(scale, told)]
    for name, end in zip(names, ends, strict=True):
        points = " ".join(f"{scale.x(batch):.1f},{scale.y(decode[batch][name]):.1f}" for batch in batches)
        bold = 3 if name.startswith("pressroom") else 1.5
        dashed = "" if counts(name) else ' stroke-dasharray="5 4"'
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colours[name]}" stroke-width="{bold}"{dashed}/>'
        )
        parts += [
            f'<circle cx="{scale.x(batch):.1f}" cy="{scale.y(decode[batch][name]):.1f}" r="3" fill="{colours[name]}"/>'
            for batch in batches
        ]
        label = f"{name} {decode[batches[-1]][name]:.0f}"
        parts.append(
            f'<text x="{WIDTH - RIGHT + 10}" y="{end + 4:.1f}" fill="{colours[name]}">{escape(label)}</text>'
        )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img">\n'
        f"<title>Tokens a second while decoding, by the number of texts at once</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


class _Scale:
    """From figures to places: batches evenly, rates from zero."""

    def __init__(self, batches: Sequence[str], most: float) -> None:
        self.batches, self.most = list(batches), most

    def x(self, batch: str) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * self.batches.index(batch) / max(1, len(self.batches) - 1)

    def y(self, rate: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / self.most)


def _frame(scale: _Scale, told: Mapping[str, Any]) -> list[str]:
    parts = [
        f'<text x="{LEFT}" y="24" font-size="16" fill="#222222">Tokens a second while decoding</text>',
        f'<text x="{LEFT}" y="40" font-size="12" fill="#555555">'
        f"dashed: a format of more than {GOAL} times float32's perplexity</text>",
        f'<text x="{LEFT}" y="{HEIGHT - 10}" fill="#555555">'
        f"texts at once; {told['cores']} cores, {escape(told['machine'])}</text>",
    ]
    for part in range(6):
        rate = scale.most * part / 5
        y = scale.y(rate)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e2e2"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555555">{rate:.0f}</text>'
        )
    for batch in scale.batches:
        parts.append(
            f'<text x="{scale.x(batch):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="#555555">{batch}</text>'
        )
    return parts


def _round_up(rate: float) -> float:
    step = 50 if rate < 500 else 100
    return float(-(-rate // step) * step)


def _apart(places: Sequence[float], least: float, last: float) -> list[float]:
    """Places from top to bottom, at least ``least`` from one another, none below ``last``."""
    kept: list[float] = []
    for place in places:
        kept.append(max(place, kept[-1] + least) if kept else place)
    for back, place in enumerate(reversed(kept)):
        kept[len(kept) - 1 - back] = min(place, last - back * least)
    return kept


if __name__ == "__main__":
    main()
