"""A text becomes words: one spelling for what is the same, then a cut at every border.

raw ─(normalise)─> one form of each character, one space between words ─(words)─> ["the", "shop", "'s", "open", "."]
"""

import re
import unicodedata

_SAME = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "−": "-", "…": "..."}
)
_SPACE = re.compile(r"\s+")
# A number with its separators; a word, with hyphens inside; a clitic ('s, 'll); dots in a row; any other sign by itself.
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*|'[^\W\d_]+|\.\.\.|[^\w\s]|\w")


def normalise(text: str, *, lower: bool = True) -> str:
    """One form of what looks the same (Unicode NFKC), one kind of quote, dash and space; no control characters. What has
    been normalised stays as it is."""
    # Some characters have another form only when they are small: hence before and after.
    text = unicodedata.normalize("NFKC", text).translate(_SAME)
    if lower:
        text = unicodedata.normalize("NFKC", text.lower()).translate(_SAME)
    if (
        not text.isprintable()
    ):  # else there is none of these in it, and most texts are spared a look at each character
        # Tabs and ends of lines are control characters too, and stand between words.
        text = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
        text = "".join(
            character for character in text if unicodedata.category(character) not in ("Cf", "Cs", "Co")
        )
    return _SPACE.sub(" ", text).strip()


def words(text: str) -> list[str]:
    """The words and signs of a normalised text. Nothing but spaces is lost."""
    return _WORD.findall(text)


_ENDS = (".", "!", "?", "...")


def sentences(tokens: list[str]) -> list[list[str]]:
    """Cut behind what ends a sentence, with the quote or bracket that closes there; a quote closes where one is open."""
    found: list[list[str]] = [[]]
    for place, token in enumerate(tokens):
        sentence = found[-1]
        sentence.append(token)
        before = sentence[-2] if len(sentence) > 1 else ""
        if token not in _ENDS and not (token in ('"', ")") and before in _ENDS):
            continue
        following = tokens[place + 1] if place + 1 < len(tokens) else ""
        closes = following == ")" or (following == '"' and sentence.count('"') % 2 == 1)
        if not closes and following not in _ENDS:
            found.append([])
    return [sentence for sentence in found if sentence]
