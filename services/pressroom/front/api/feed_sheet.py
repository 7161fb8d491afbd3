"""``sheet.html`` of an export: a feed's pictures beside their keys and copy, as a page that is opened from the folder it was unpacked to.

It asks nothing of any server: its pictures lie beside it. It is made row by row, and everything that a feed brings is escaped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from pressroom.jobs.feeds.pieces import Piece

_HEAD = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --paper: #f7f4ee; --sheet: #fffdf9; --ink: #211e1a; --soft: #6b645a; --line: #e2dcd0; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #171513; --sheet: #201d1a; --ink: #ece6dc; --soft: #a39a8c; --line: #37322c; }}
}}
* {{ box-sizing: border-box; }}
body {{ margin: 0; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }}
h1 {{ font: 600 1.5rem/1.2 Georgia, serif; margin: 0 0 1.25rem; overflow-wrap: anywhere; }}
ol {{ list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); }}
li {{ background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; overflow-wrap: anywhere;
  content-visibility: auto; contain-intrinsic-size: auto 20rem; }}
h2 {{ font-size: 1rem; margin: 0 0 .6rem; }}
figure {{ margin: 0 0 .75rem; }}
img {{ display: block; width: 100%; height: 10rem; object-fit: contain; background: #fff; border-radius: 6px; padding: .4rem; }}
figcaption, dt {{ color: var(--soft); font-size: .85rem; }}
dl {{ margin: 0; }}
dd {{ margin: 0 0 .5rem; white-space: pre-wrap; }}
@media print {{
  :root {{ --paper: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; }}
  html {{ font-size: 9pt; }}
  body {{ padding: 0; }}
  ol {{ grid-template-columns: repeat(3, 1fr); }}
  li {{ break-inside: avoid; content-visibility: visible; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
<ol>
""")
_ROW = Markup("<li><h2>{key}</h2>{pictures}{copy}</li>\n")
_PICTURE = Markup(
    '<figure><img src="{file}" alt="{column} of {key}" loading="lazy"><figcaption>{told}</figcaption></figure>'
)
_COPY = Markup("<dl>{texts}</dl>")
_TEXT = Markup("<dt>{column}</dt><dd>{text}</dd>")
_FOOT = Markup("</ol>\n</body>\n</html>\n")


@dataclass(frozen=True, slots=True)
class FeedSheet:
    """``columns`` that go out, and the ``pictures`` of the feed's."""

    key: str
    columns: tuple[str, ...]
    made: tuple[str, ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """Columns of what is shown; where there are none, there is nothing to look at."""
        return tuple(column for column in self.columns if column in self.made)

    def head(self) -> str:
        return _HEAD.format(title=f"{', '.join(self.columns)}, by {self.key}")

    def row(self, key: str, pieces: Mapping[str, Piece], files: Mapping[str, str]) -> str:
        """``files``: where each picture lies, from this page, by its column."""
        pictures = [
            _PICTURE.format(file=quote(file), column=column, key=key, told=_told(column, pieces[column]))
            for column, file in files.items()
        ]
        texts = [
            _TEXT.format(column=column, text=pieces[column].text)
            for column in self.columns
            if column not in files
        ]
        copy = _COPY.format(texts=Markup("").join(texts)) if texts else Markup("")
        return _ROW.format(key=key, pictures=Markup("").join(pictures), copy=copy)

    def foot(self) -> str:
        return _FOOT


def _told(column: str, piece: Piece) -> str:
    """Which picture it is, and what is on it."""
    label = piece.output.label if piece.output is not None else None
    return f"{column}: {label}" if label else column
