"""``/openapi.json`` and the reference page made from it."""

import json
from functools import cache
from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, render_template
from markupsafe import Markup

from pressroom.front.openapi import document

_READ_FIRST = (
    "postJob",
    "getJob",
    "followJob",
    "getOutput",
    "getArchive",
    "listJobs",
    "cancelJob",
    "eraseJob",
    "listModels",
)
_ORDER = {name: place for place, name in enumerate(_READ_FIRST)}


def blueprint() -> APIBlueprint:
    """The document for programs, and the page for people; neither asks for a key."""
    reference = APIBlueprint("reference", __name__, enable_openapi=False)
    reference.add_app_template_filter(prose)
    # One app a process has this blueprint, so the document is made once.
    made = cache(lambda: document(cast(APIFlask, current_app._get_current_object())))  # type: ignore[attr-defined]
    text = cache(lambda: json.dumps(made(), ensure_ascii=False))

    @reference.get("/openapi.json")
    def get_document() -> Response:
        return Response(text(), content_type="application/json")

    @reference.get("/docs")
    def get_reference() -> str:
        return render_template("reference.html", spec=made(), operations=_operations(made()))

    return reference


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Endpoints in the order in which one meets them, each with its path and method."""
    found = [
        {"path": path, "method": method, **operation}
        for path, operations in spec["paths"].items()
        for method, operation in operations.items()
    ]
    return sorted(found, key=lambda one: _ORDER.get(one["operationId"], len(_ORDER)))


def prose(text: str) -> Markup:
    """A description as HTML: what stands between backticks is code."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in parts)
