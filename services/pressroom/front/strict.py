"""Requests read strictly: what could be understood in two ways is refused.

JSON (RFC 8259) with one value a key, finite numbers, strings that are Unicode text without NUL;
query strings in UTF-8 in which each name stands once and is known.
"""

import json
import math
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any, Never, cast
from urllib.parse import unquote_to_bytes

from flask import Request

from pressroom.domain.errors import InputInvalid
from pressroom.front.errors import MalformedBody, MalformedText, UnsupportedBody
from pressroom.front.spool import Spool

# JSON schemas, which a request may carry one day, are the deepest of what is asked for.
MAX_DEPTH = 64


class StrictRequest(Request):
    """A request whose JSON is read by this file's rules, and whose files lie on the disk until it is answered."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._spools: list[Spool] = []

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        spool = Spool()
        self._spools.append(spool)
        return cast(IO[bytes], spool)

    def close(self) -> None:
        """Also files of a body that broke off, which the form does not have."""
        super().close()
        for spool in self._spools:
            with suppress(OSError):  # what could not be written is tried again
                spool.close()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Raises UnsupportedBody, MalformedBody, MalformedText, InputInvalid."""
        charset = self.mimetype_params.get("charset", "utf-8").lower()
        if self.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
            raise UnsupportedBody("Send the body as `Content-Type: application/json`, in UTF-8.")
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedBody("Send the body uncompressed.")
        value = read_json(self.get_data(cache=cache))
        if not isinstance(value, dict):
            raise InputInvalid("The body must be a JSON object.", field="body")
        return value


def read_json(body: bytes) -> Any:
    """The value of a JSON document. Raises MalformedBody, MalformedText, InputInvalid (strings)."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedText(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_a_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise MalformedBody(f"The body holds a number that cannot be read: {error}.") from None
    check_text(value)
    return value


def check_text(value: Any, path: str = "", depth: int = 0) -> None:
    """Refuse what no database or tokenizer takes: NUL characters and halves of surrogate pairs; and
    what is nested deeper than anything that Pressroom asks for."""
    if depth > MAX_DEPTH:
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    match value:
        case str():
            if "\0" in value:
                raise InputInvalid("Text must not hold NUL characters.", field=path or "body")
            if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
                raise InputInvalid(
                    "Text must be Unicode: half of a surrogate pair stands alone.", field=path or "body"
                )
        case dict():
            for key, item in value.items():
                here = f"{path}.{key}" if path else key
                check_text(key, path or "body")
                check_text(item, here, depth + 1)
        case list():
            for index, item in enumerate(value):
                check_text(item, f"{path}.{index}" if path else str(index), depth + 1)


def check_query(query: bytes, given: Iterable[tuple[str, list[str]]], known: frozenset[str]) -> None:
    """Raises MalformedText and InputInvalid for a query string that is not plain."""
    try:
        text = unquote_to_bytes(query.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedText("The query string is not UTF-8.") from None
    if "\0" in text:
        raise MalformedText("The query string holds a NUL character.")
    for name, values in given:
        if name not in known:
            takes = f"It takes: {', '.join(sorted(known))}." if known else "It takes none."
            raise InputInvalid(f"This address has no such parameter. {takes}", field=f"query.{name}")
        if len(values) > 1:
            raise InputInvalid("Give this parameter once.", field=f"query.{name}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedBody(f"The body gives {twice[:64]!r} twice in one object.")
    return made


def _not_a_number(name: str) -> Never:
    raise MalformedBody(f"The body holds {name}, which is not a JSON number.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedBody(f"The body holds the number {digits[:32]}, which is too large.")
    return number
