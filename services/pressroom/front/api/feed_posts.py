"""A row of a feed as a post that WordPress takes as it is: ``POST /wp/v2/posts``.

row ──> slug, status, title, content, excerpt; all else by its column in meta

What was written is text, never markup, nor a shortcode. What WordPress has no field for is in ``meta``, of which it keeps what a site has
registered and passes over the rest: outside of it a column may have the name of a field, as ``status`` or ``author``, and change what
becomes of the post. Pictures are there, too: ``featured_media`` is the number of a medium that lies in WordPress, never an address.
"""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from pressroom.jobs.feeds.pieces import Piece

_BLANK_LINES = re.compile(r"\n\s*\n")


def post_of(slug: str, pieces: Mapping[str, Piece], address: Callable[[Piece], str]) -> dict[str, Any] | None:
    """``pieces`` by column. None: nothing of it is words, and WordPress makes no post of that."""
    fields: dict[str, str] = {}
    meta: dict[str, str] = {}
    for column, piece in pieces.items():
        if piece.text is None:
            meta[column] = address(piece)
        elif not piece.text.strip():
            continue  # an empty field would wipe out what is there
        elif column in _FIELDS:
            fields[column] = _FIELDS[column](piece.text)
        else:
            meta[column] = piece.text
    if not fields:
        return None
    return {"slug": slug, "status": "draft", **fields, **({"meta": meta} if meta else {})}


def _line(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=False)


def _lines(text: str) -> str:
    return html.escape("\n".join(text.strip().splitlines()), quote=False)


def _paragraphs(text: str) -> str:
    """As WordPress's editor has them."""
    told = _lines(text).replace("[", "&#91;")  # else a shortcode would run
    parts = (part.strip().replace("\n", "<br>") for part in _BLANK_LINES.split(told))
    return "\n".join(f"<!-- wp:paragraph --><p>{part}</p><!-- /wp:paragraph -->" for part in parts)


_FIELDS: Mapping[str, Callable[[str], str]] = {"title": _line, "content": _paragraphs, "excerpt": _lines}
