"""A prediction's input, as a job's request.

Everything lies in one object there: ``prompt``, ``system_prompt`` or ``messages``, ``image``, ``images``, ``mask`` and ``texts`` are what to work from;
the rest are params by their own names.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pressroom.catalog.catalog import Catalog
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.contract.webhooks import JobWebhook
from pressroom.domain.errors import InputInvalid, ModelUnknown
from pressroom.front.dialects.replicate.shapes import PredictionRequest
from pressroom.jobs.invalid import wrong_fields

OWNER = "pressroom"

_HASH = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"/replicate/v1/files/(upl_[0-9a-f]{32})$")
_DATA = re.compile(r"data:[\w.+-]*/?[\w.+-]*;base64,", re.ASCII)
_GIVEN = ("prompt", "system_prompt", "messages", "image", "images", "mask", "texts")


def named(catalog: Catalog, tenant: str, reference: str) -> Manifest:
    """The model of ``NAME``, ``OWNER/NAME``, ``OWNER/NAME:HASH`` or ``HASH``. Raises ModelUnknown."""
    name, _, version = reference.rpartition("/")[2].partition(":")
    if _HASH.fullmatch(name):
        name, version = "", name
    if not version:
        return catalog.choose(name, 1.0, tenant)
    seen = [kept.manifest for kept in catalog.every_version() if kept.manifest.tenant in (None, tenant)]
    found = [each for each in seen if each.sha256 == version and name in ("", each.name)]
    if not found:
        raise ModelUnknown(
            "There is no version of this hash; /replicate/v1/models lists what there is.", field="version"
        )
    return found[0]


def prediction_job(
    manifest: Manifest, given: Mapping[str, Any], deadline_s: int, webhook: JobWebhook | None = None
) -> JobRequest:
    """Raises InputInvalid."""
    said: dict[str, Any] = {}
    if given.get("messages") is not None:
        said["messages"] = given["messages"]
    elif given.get("system_prompt"):
        said["messages"] = [
            {"role": "system", "content": given["system_prompt"]},
            {"role": "user", "content": given.get("prompt")},
        ]
    elif given.get("prompt") is not None:
        said["prompt"] = given["prompt"]
    if given.get("texts") is not None:
        said["texts"] = given["texts"]
    pictures = [given["image"]] if given.get("image") is not None else given.get("images")
    if pictures is not None:
        if not isinstance(pictures, list):
            raise InputInvalid("images is a list of pictures.", field="input.images")
        said["pictures"] = [_picture(each, "input.image") for each in pictures]
    if given.get("mask") is not None:
        said["mask"] = _picture(given["mask"], "input.mask")
    try:
        what = JobInput.model_validate(said)
    except ValidationError as error:
        problems = wrong_fields(error, "input")
        raise InputInvalid(
            f"{problems[0][0]}: {problems[0][1]}.", field=problems[0][0], errors=problems
        ) from None
    params = {name: value for name, value in given.items() if name not in _GIVEN}
    return JobRequest(
        model=manifest.reference, input=what, params=params, deadline_s=deadline_s, webhook=webhook
    )


def told(asked: PredictionRequest, base_url: str) -> JobWebhook | None:
    """Who is told of the prediction's end, in the words of this dialect."""
    url = asked.webhook or asked.webhook_completed
    return None if url is None else JobWebhook(url=url, form="prediction", base_url=base_url)


def _picture(given: Any, field: str) -> dict[str, Any]:
    """One that was sent to ``/files``, one that stands in the request (a data URI), or one that lies on the web."""
    if not isinstance(given, str):
        raise InputInvalid("A picture is a URL: of /files, of data:, or on the web.", field=field)
    if found := _FILE.search(given):
        return {"upload": found[1]}
    if match := _DATA.match(given):
        return {"base64": given[match.end() :]}
    return {"url": given}
