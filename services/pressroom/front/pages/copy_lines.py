"""Variables, examples and lists of words as lines that people write, and back.

    title: What the product is called.               title: Oslo Floor Lamp
    price (number, in EUR)                           price: 120
    size (optional, one of small; large): How big.   > for reading in the evening

An empty line stands between two examples. What such lines cannot say is shown as JSON, as the API has it, and is read so too.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pressroom.domain.errors import InputInvalid, PressroomError
from pressroom.front.strict import read_json

Row = Mapping[str, Any]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VARIABLE = re.compile(
    r"(?P<name>[^\s:：(（]+) ?(?:[(（](?P<said>.*?)[)）])? ?(?:[:：] ?(?P<description>.*))?"
)
_ONE_OF = re.compile(r"(?:^|[,，] ?)one of (?P<options>.+)$")
_TYPES = ("text", "number", "list", "locale")
_SPLIT_WORDS = re.compile(r"[\n;；,，、]")
_NO_NAME = "is no name of a variable: small letters, digits and underscores, beginning with a letter"


# -- variables ---------------------------------------------------------------------------------------


def read_variables(text: str) -> list[Any]:
    """As the contract has them. Raises InputInvalid, which names the line."""
    if text.lstrip().startswith("["):
        return _json(text, "variables")
    return [_variable(n, " ".join(line.split())) for n, line in _lines(text) if line.strip()]


def write_variables(variables: Sequence[Row]) -> str:
    return _written(
        variables,
        "\n".join(map(_variable_line, map(_plain_variable, variables))),
        read_variables,
        _plain_variable,
    )


def _variable(n: int, line: str) -> dict[str, Any]:
    match = _VARIABLE.fullmatch(line)
    if match is None:
        raise _wrong(
            "variables",
            n,
            "a variable is a name, what it is like, and what it is for, as in size (number, in cm): How tall it is",
        )
    if not _NAME.fullmatch(match["name"]):
        raise _wrong("variables", n, f"{_short(match['name'])} {_NO_NAME}")
    found: dict[str, Any] = {"name": match["name"], **_said(n, match["said"] or "")}
    return found | ({"description": match["description"]} if match["description"] else {})


def _said(n: int, said: str) -> dict[str, Any]:
    """What stands in the brackets."""
    found: dict[str, Any] = {}
    choice = _ONE_OF.search(said)
    if choice is not None:
        said = said[: choice.start()]
        options = [each.strip() for each in re.split("[;；]", choice["options"])]
        found |= {"type": "choice", "options": [each for each in options if each]}
    for word in filter(None, (each.strip() for each in re.split("[,，]", said))):
        if word == "optional":
            found["required"] = False
        elif word in _TYPES and "type" not in found:
            found["type"] = word
        elif word.startswith("in ") and found.get("type", "number") == "number":
            found |= {"type": "number", "unit": word.removeprefix("in ").strip()}
        else:
            raise _wrong(
                "variables",
                n,
                f"{_short(word)} cannot be said here; what can: optional, text, number, in cm, list, locale, one of small; large",
            )
    return found


def _variable_line(variable: Row) -> str:
    said = [] if variable["type"] in ("text", "choice") else [str(variable["type"])]
    said += [] if variable["required"] else ["optional"]
    said += [f"in {variable['unit']}"] if variable["unit"] else []
    said += [f"one of {'; '.join(variable['options'])}"] if variable["options"] else []
    kind = f" ({', '.join(said)})" if said else ""
    return f"{variable['name']}{kind}" + (f": {variable['description']}" if variable["description"] else "")


def _plain_variable(variable: Row) -> dict[str, Any]:
    """With all its fields."""
    whole = {"type": "text", "required": True, "options": (), "unit": "", "description": "", **variable}
    return {**whole, "options": list(whole["options"])}


# -- examples ----------------------------------------------------------------------------------------


def read_examples(text: str) -> list[Any]:
    """As the contract has them. Raises InputInvalid, which names the line."""
    if text.lstrip().startswith("["):
        return _json(text, "examples")
    made: list[dict[str, Any]] = []
    inside = False
    for n, line in _lines(text):
        line = line.strip()
        if line and not inside:
            made.append({"facts": {}, "gaps": []})
        inside = bool(line)
        if line.startswith(">"):
            made[-1]["gaps"].append(line.removeprefix(">").strip())
        elif line:
            _add_fact(made[-1]["facts"], n, line)
    return made


def _add_fact(facts: dict[str, str], n: int, line: str) -> None:
    name, colon, value = line.replace("：", ":", 1).partition(":")
    name = name.strip()
    if not colon:
        raise _wrong(
            "examples", n, "a line is a fact, as in title: Oslo Floor Lamp, or > and the words of a gap"
        )
    if not _NAME.fullmatch(name):
        raise _wrong("examples", n, f"{_short(name)} {_NO_NAME}")
    if name in facts:
        raise _wrong("examples", n, f"{name} stands twice in one example; an empty line stands between two")
    facts[name] = value.strip()


def write_examples(examples: Sequence[Row]) -> str:
    blocks = (
        "\n".join(
            [
                *(f"{name}: {value}" for name, value in each["facts"].items()),
                *(f"> {gap}" for gap in each["gaps"]),
            ]
        )
        for each in examples
    )
    return _written(examples, "\n\n".join(blocks), read_examples, _plain_example)


def _plain_example(example: Row) -> dict[str, Any]:
    return {"facts": dict(example["facts"]), "gaps": list(example["gaps"])}


# -- words and texts of a voice ----------------------------------------------------------------------


def read_words(text: str) -> list[Any]:
    """One a line, or with commas or semicolons between."""
    return _read_list(text, lambda: [" ".join(each.split()) for each in _SPLIT_WORDS.split(text)])


def write_words(words: Sequence[str]) -> str:
    return _written(words, "\n".join(words), read_words, str)


def read_texts(text: str) -> list[Any]:
    """Texts with an empty line between."""
    return _read_list(text, lambda: [each.strip() for each in re.split(r"\n[ \t]*\n", text)])


def write_texts(texts: Sequence[str]) -> str:
    return _written(texts, "\n\n".join(texts), read_texts, str)


def _read_list(text: str, by_lines: Callable[[], Iterable[str]]) -> list[Any]:
    """A text may begin as JSON does, so only what is a list there is one."""
    if text.lstrip().startswith("["):
        try:
            return _json(text, "")
        except InputInvalid:
            pass
    return list(dict.fromkeys(filter(None, by_lines())))


# -- both ways ---------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A field's text with the line ends that all texts here have: browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _written(
    items: Sequence[Any], lines: str, read: Callable[[str], list[Any]], plain_of: Callable[[Any], Any]
) -> str:
    """The lines, if they say all; else JSON."""
    wanted = [plain_of(each) for each in items]
    try:
        if [plain_of(each) for each in read(lines)] == wanted:
            return lines
    except InputInvalid:
        pass
    return json.dumps(wanted, ensure_ascii=False, indent=2)


def read_schema(text: str) -> dict[str, Any] | None:
    """A schema, or none. Raises InputInvalid."""
    if not text.strip():
        return None
    found = _any_json(text, "json_schema")
    if not isinstance(found, dict):
        raise InputInvalid("This is JSON, and no object, as a schema is.", field="json_schema")
    return found


def write_schema(schema: Mapping[str, Any] | None) -> str:
    return "" if schema is None else json.dumps(schema, ensure_ascii=False, indent=1)


def _json(text: str, field: str) -> list[Any]:
    found = _any_json(text, field)
    if not isinstance(found, list):
        raise InputInvalid("This is JSON, and no list.", field=field)
    return found


def _any_json(text: str, field: str) -> Any:
    try:
        return read_json(text.encode())
    except PressroomError as error:
        raise InputInvalid(error.message.replace("The body", "This"), field=field) from None


def _lines(text: str) -> Iterable[tuple[int, str]]:
    return enumerate(text.split("\n"), 1)


def _wrong(field: str, n: int, why: str) -> InputInvalid:
    return InputInvalid(f"Line {n}: {why}.", field=field)


def _short(said: str) -> str:
    return repr(said if len(said) <= 40 else f"{said[:37]}…")
