"""The campaign of a dialect's requests: a header names it, since no dialect has a word for it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from flask import request
from pydantic import TypeAdapter, ValidationError

from pressroom.contract.jobs import CampaignName, JobRequest
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.batch_rows import GivenRow

HEADER = "Pressroom-Campaign"
_NAME: TypeAdapter[str] = TypeAdapter(CampaignName)


def named_campaign() -> str | None:
    """What the request's header names. Raises InputInvalid."""
    named = request.headers.get(HEADER)
    try:
        return None if named is None else _NAME.validate_python(named)
    except ValidationError:
        raise InputInvalid(
            f"{HEADER} is 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit.",
            field=f"header.{HEADER}",
        ) from None


def on_campaign(asked: JobRequest, campaign: str | None) -> JobRequest:
    """The same request, for this campaign where there is one."""
    return asked if campaign is None else asked.model_copy(update={"campaign": campaign})


def rows_on_campaign(rows: Iterable[GivenRow], campaign: str | None) -> Iterator[GivenRow]:
    """The same rows, for this campaign where there is one."""
    for row in rows:
        if isinstance(row.request, JobRequest):
            row = replace(row, request=on_campaign(row.request, campaign))
        yield row
