"""Reads server-sent events out of bytes, as they come (WHATWG HTML, section 9.2.6).

Pure: bytes in, events out, no I/O; so that a synchronous and an asynchronous client share it.
"""

import codecs
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. ``id`` is the last id seen so far, as the standard has it, not only this event's."""

    name: str
    data: str
    id: str


class Decoder:
    """Feed it chunks of any size, cut anywhere, even inside a character or between CR and LF.

    ``last_id`` and ``retry_ms`` are the stream's state. An event that is not ended by an empty
    line is not an event: what is left at the end of the stream is dropped, as the standard asks.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_ms: int | None = None
        # "replace": the standard's UTF-8 decode never fails. The BOM is stripped by hand, since
        # only the first character of the stream may be one.
        self._characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._first = True
        self._after_cr = False
        self._line: list[str] = []
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that ``chunk`` completes."""
        text = self._characters.decode(chunk)
        if text and self._first:
            self._first = False
            text = text.removeprefix("\ufeff")
        events = []
        for line in self._lines(text):
            event = self._take(line)
            if event is not None:
                events.append(event)
        return events

    def _lines(self, text: str) -> list[str]:
        """Whole lines; str.splitlines will not do, since it also splits at U+2028 and the like."""
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if text.endswith("\r"):
            self._after_cr = True
        pieces = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(pieces) == 1:
            self._line.append(text)
            return []
        first = "".join(self._line) + pieces[0]
        self._line = [pieces[-1]]
        return [first, *pieces[1:-1]]

    def _take(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self.last_id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_ms = int(value)
            case _:  # a comment (empty field), or a field the standard does not know
                pass
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data = "", []
        return ServerSentEvent(name, "\n".join(data), self.last_id) if data else None
