"""What a client gives as a row, made into a request; a row that cannot be one says why and harms no other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pressroom.contract.batches import BatchLine
from pressroom.contract.jobs import JobRequest
from pressroom.domain.errors import InputInvalid, PressroomError
from pressroom.jobs.invalid import wrong_fields


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A row as it came: line ``n``, counted from 1, of ``size`` bytes. ``where`` is what a refusal begins with, if ``n`` does not say where
    the row stands."""

    n: int
    size: int
    custom_id: str | None
    request: JobRequest | PressroomError
    where: str = ""


def given_row(n: int, size: int, value: Any, defaults: Mapping[str, Any]) -> GivenRow:
    """A row of its JSON value; ``defaults`` are fields that it has unless it gives them."""
    if not isinstance(value, dict):
        error = InputInvalid("A row must be a JSON object, like the body of a single job.", field="row")
        return GivenRow(n, size, None, error)
    custom_id = value.get("custom_id")
    try:
        line = BatchLine.model_validate({**defaults, **value})
    except ValidationError as wrong:
        # The row is still found by its name, if that is not what is wrong.
        named = custom_id if isinstance(custom_id, str) and 0 < len(custom_id) <= 255 else None
        return GivenRow(n, size, named, _refusal(wrong))
    fields = {name: getattr(line, name) for name in JobRequest.model_fields}
    said = (
        line.model_fields_set & fields.keys()
    )  # what a row did not say is for the policy, or the key, to say
    return GivenRow(n, size, line.custom_id, JobRequest.model_construct(_fields_set=said, **fields))


def _refusal(error: ValidationError) -> InputInvalid:
    problems = wrong_fields(error, whole="row")
    field, message = problems[0]
    more = f" {len(problems) - 1} more of the row's fields are wrong too." if len(problems) > 1 else ""
    return InputInvalid(f"{field}: {message}.{more}", field=field, errors=problems)
