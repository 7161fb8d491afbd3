"""A text within so many characters, which ends with a sentence, or at least with a word.

    told so far │ held: a sentence that is not over │ room left
                └ let go when it is over, or dropped when it does not fit

What is said cannot be taken back, so a sentence is told when it is whole.
"""

import re
import unicodedata

# A sentence is over behind its marks, and the quotes and brackets that close it, where a space follows. Marks
# of Chinese and Japanese need none, but something that is no further mark. A line is over before its end.
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*(?=[^。！？」』”’）])|(?<=\S)(?=\n)")
_LAST_WORD = re.compile(r"\w+\Z")
_SPACE = re.compile(r"\s+")
_JOINER = "\u200d"


class Fit:
    """Lets at most ``most`` characters of a text through; None: all of them, at once."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._told = 0
        self._held = ""
        self.full = False

    def push(self, text: str) -> str:
        """What may be told of the text so far. Sets ``full`` where it would have been too long."""
        if self._most is None:
            return text
        self._held += text
        room = self._most - self._told
        if len(self._held) > room:
            self.full = True
            return self._let_go(self._cut(room))
        return self._let_go(_whole_sentences(self._held))

    def flush(self) -> str:
        """The text is over: what was held of it. Nothing more comes behind a full one."""
        return "" if self.full else self._let_go(len(self._held))

    def _cut(self, room: int) -> int:
        end = _whole_sentences(self._held, room)
        if end or self._told:
            return end
        # Not even one sentence fits.
        words = [space.start() for space in _SPACE.finditer(self._held[: room + 1]) if space.start()]
        return words[-1] if words else _between_characters(self._held, room)

    def _let_go(self, end: int) -> str:
        told, self._held = self._held[:end], self._held[end:]
        if self.full:
            told, self._held = told.rstrip(), ""
        self._told += len(told)
        return told


def _whole_sentences(text: str, most: int | None = None) -> int:
    """Where the last sentence ends that is over within ``most`` characters; 0: none is."""
    ends = [
        found.end()
        for found in _END.finditer(text)
        if (most is None or found.end() <= most) and not _only_a_dot(text, found)
    ]
    return ends[-1] if ends else 0


def _only_a_dot(text: str, found: re.Match[str]) -> bool:
    """As in "e.g. " and "3. ", as far as the word before it tells."""
    word = _LAST_WORD.search(text[: found.start()])
    return (
        found[0] == "."
        and word is not None
        and (len(word[0]) == 1 or (word[0].isdigit() and len(word[0]) < 3))
    )


def _between_characters(text: str, end: int) -> int:
    """``end``, or a little before where it would part a character from what belongs to it."""
    while end > 1 and (unicodedata.combining(text[end]) or _JOINER in text[end - 1 : end + 1]):
        end -= 1
    return end
