"""The forms of templates and voices: their fields, what they ask for, and what is wrong with which field."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from pressroom.contract.copy import TemplateRequest, VoiceRequest
from pressroom.domain.copy.filling import FactInvalid, FactMissing, FactsTooLong
from pressroom.domain.copy.template import TemplateInvalid, parse
from pressroom.domain.errors import InputInvalid, PressroomError
from pressroom.front.api.paths import copy_name_of
from pressroom.front.pages import copy_lines
from pressroom.front.pages.copy_lines import plain
from pressroom.front.strict import check_text

Form = Mapping[str, str]
Asked = TypeVar("Asked", TemplateRequest, VoiceRequest)
Wrong = dict[str, str]
"""What is wrong with a form, by its field; ``""`` is no field."""

TEMPLATE_FIELDS = (
    "name",
    "channel",
    "locale",
    "what",
    "body",
    "variables",
    "instructions",
    "examples",
    "json_schema",
)
VOICE_FIELDS = ("name", "locale", "tone", "audience", "use", "avoid", "examples")
FACT = "fact."
"""Before the name of a variable in the name of its field."""
FACT_ERRORS = (FactMissing, FactInvalid, FactsTooLong)
"""Those whose field is the name of a variable."""

_LISTS: dict[str, Callable[[str], list[Any]]] = {
    "variables": copy_lines.read_variables,
    "examples": copy_lines.read_examples,
}
_VOICE_LISTS: dict[str, Callable[[str], list[Any]]] = {
    "use": copy_lines.read_words,
    "avoid": copy_lines.read_words,
    "examples": copy_lines.read_texts,
}
_SAID = {
    "channel": "Choose where it is published.",
    "locale": "A language, such as en, de or zh-CN.",
    "what": "Say in a few words what it is, in 80 characters at most.",
    "body": "The text has 1 to 10,000 characters.",
    "instructions": "2,000 characters at most.",
    "tone": "300 characters at most.",
    "audience": "300 characters at most.",
    "use": "50 words or phrases at most, of 60 characters each.",
    "avoid": "50 words or phrases at most, of 60 characters each.",
}
_PLACE = re.compile(r"Line (\d+), column (\d+):")
_AROUND = 28


def check_form(form: Form) -> None:
    """Raises InputInvalid for what is no text."""
    check_text(dict(form))


def name_in(form: Form, wrong: Wrong) -> str:
    """What it is to be called."""
    try:
        return copy_name_of(form.get("name", "").strip(), "name")
    except InputInvalid as error:
        wrong["name"] = f"A {error.message}"
        return ""


def template_in(form: Form, base: Mapping[str, Any], wrong: Wrong) -> TemplateRequest | None:
    """The template that a form stands for, or None and what is ``wrong``. What the form has no field for is as in ``base``."""
    given = _texts(form, ("channel", "locale", "what", "body", "instructions"))
    given |= _lists(form, _LISTS, wrong)
    given["json_schema"] = _schema(form, wrong)
    _check_body(given["body"], wrong)
    kept = {name: value for name, value in base.items() if name in TemplateRequest.model_fields}
    return _read(TemplateRequest, {**kept, **given}, wrong)


def voice_in(form: Form, wrong: Wrong) -> VoiceRequest | None:
    """The same for a voice."""
    given = _texts(form, ("locale", "tone", "audience")) | _lists(form, _VOICE_LISTS, wrong)
    return _read(VoiceRequest, given, wrong)


def facts_in(form: Form) -> dict[str, str]:
    """The values that were typed, by variable."""
    return {
        name.removeprefix(FACT): plain(value).strip()
        for name, value in form.items()
        if name.startswith(FACT) and value.strip()
    }


def template_fields(name: str, body: Mapping[str, Any]) -> dict[str, str]:
    """A template as the fields of its form."""
    given = {
        field: str(body.get(field, "")) for field in ("channel", "locale", "what", "body", "instructions")
    }
    return {
        "name": name,
        **given,
        "variables": copy_lines.write_variables(body.get("variables", ())),
        "examples": copy_lines.write_examples(body.get("examples", ())),
        "json_schema": copy_lines.write_schema(body.get("json_schema")),
    }


def voice_fields(name: str, body: Mapping[str, Any]) -> dict[str, str]:
    """A voice as the fields of its form."""
    return {
        "name": name,
        **{field: str(body.get(field, "")) for field in ("locale", "tone", "audience")},
        "use": copy_lines.write_words(body.get("use", ())),
        "avoid": copy_lines.write_words(body.get("avoid", ())),
        "examples": copy_lines.write_texts(body.get("examples", ())),
    }


def sent_fields(form: Form, fields: tuple[str, ...]) -> dict[str, str]:
    """The fields as they were sent, to be shown again."""
    return {field: plain(form.get(field, "")) for field in fields}


def note(error: PressroomError, fields: tuple[str, ...], wrong: Wrong, body: str = "") -> None:
    """Write down an error at the field that it is about; one about a place in the text with what stands there."""
    field = (error.field or "").removeprefix("path.").partition(".")[0]
    field = "name" if field in ("template", "voice") else field
    wrong[field if field in fields else ""] = error.message + (
        _there(error.message, body) if field == "body" else ""
    )


def _check_body(body: str, wrong: Wrong) -> None:
    """Read here too, so that what is wrong with it is told beside what is wrong with other fields."""
    try:
        parse(body or " ")
    except TemplateInvalid as error:
        note(error, TEMPLATE_FIELDS, wrong, body)


def _there(message: str, body: str) -> str:
    """The text round the place that a message names."""
    found = _PLACE.match(message)
    if found is None:
        return ""
    line, at = body.split("\n")[int(found[1]) - 1], int(found[2]) - 1
    before, behind = line[max(0, at - _AROUND) : at], line[at : at + _AROUND]
    return f" Here: {'…' if at > _AROUND else ''}{before}▸{behind}{'…' if len(line) > at + _AROUND else ''}"


def _texts(form: Form, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: text if name == "body" else text.strip()
        for name, text in ((name, plain(form.get(name, ""))) for name in names)
    }


def _schema(form: Form, wrong: Wrong) -> dict[str, Any] | None:
    try:
        return copy_lines.read_schema(plain(form.get("json_schema", "")))
    except InputInvalid as error:
        wrong["json_schema"] = error.message
        return None


def _lists(form: Form, lists: Mapping[str, Callable[[str], list[Any]]], wrong: Wrong) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, read in lists.items():
        try:
            found[field] = read(plain(form.get(field, "")))
        except InputInvalid as error:
            wrong[field] = error.message
    return found


def _read(shape: type[Asked], given: Mapping[str, Any], wrong: Wrong) -> Asked | None:
    try:
        made = shape.model_validate(given)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            field, *inside = each["loc"]
            wrong.setdefault(str(field), _words(str(field), inside, each["msg"]))
        return None
    return None if wrong else made


def _words(field: str, inside: list[int | str], message: str) -> str:
    said = _SAID.get(field)
    if said is not None:
        return said
    if not inside:
        return f"{message}."
    kind = "Variable" if field == "variables" else "Example"
    place = (
        " ".join([f"{kind} {int(inside[0]) + 1}", *map(str, inside[1:])])
        if isinstance(inside[0], int)
        else ""
    )
    return f"{place}: {message}."
