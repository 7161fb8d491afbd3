"""Plays statements that a release has said to its database, and tells what each one answered."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Binary
from psycopg.types.json import Json, Jsonb
from sqlalchemy import create_engine


def packed(values: Any) -> Any:
    """A statement's values as JSON can hold them."""
    match values:
        case Json() | Jsonb():
            return {"json": values.obj}
        case Binary():
            return packed(values.obj)
        case bytes() | memoryview():
            return {"bytes": base64.b64encode(bytes(values)).decode()}
        case Mapping():
            return {"named": {name: packed(value) for name, value in values.items()}}
        case list() | tuple():
            return [packed(value) for value in values]
        case _:
            return values


def unpacked(values: Any) -> Any:
    """The way back of ``packed``."""
    match values:
        case {"json": value}:
            return Json(value)
        case {"bytes": value}:
            return base64.b64decode(value)
        case {"named": value}:
            return {name: unpacked(each) for name, each in value.items()}
        case list():
            return [unpacked(value) for value in values]
        case _:
            return values


def play(url: str, statements: Sequence[str], calls: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each call in its turn, and committed: how many rows it hit or gave, and a digest of those it gave.

    Raises what the driver raises."""
    engine = create_engine(url)
    connection = engine.raw_connection()
    answers = []
    try:
        for call in calls:
            cursor = connection.cursor()
            values = unpacked(call["values"])
            if call["many"]:
                cursor.executemany(statements[call["sql"]], values)
            else:
                cursor.execute(statements[call["sql"]], values)
            if cursor.description is None:
                answers.append(str(cursor.rowcount))
            else:
                answers.append(_digest(cursor.fetchall()))
            cursor.close()
            connection.commit()
    finally:
        connection.close()
        engine.dispose()
    return answers


def _digest(rows: Sequence[Sequence[Any]]) -> str:
    # Not all queries ask for an order.
    shown = sorted(repr(tuple(row)) for row in rows)
    return f"{len(rows)} {hashlib.sha256(repr(shown).encode()).hexdigest()[:16]}"
