"""The OpenAPI 3.1 document: APIFlask's, with the shapes straight from pydantic.

APIFlask finds the endpoints; what it leaves out or names twice is put right here: one schema a
shape under its own name, bodies required, headers of requests, params by the kind of the model.
"""

from typing import Any

from apiflask import APIFlask
from pydantic.json_schema import models_json_schema

from pressroom.contract.admin import (
    KeyLimitsShape,
    KeyList,
    KeyRequest,
    KeyView,
    NewKeyView,
    RetentionShape,
    RotationRequest,
    TenantList,
    TenantView,
    WeightRequest,
)
from pressroom.contract.base import Wire
from pressroom.contract.batches import BatchLine, BatchPage, BatchResult, BatchRowPage, BatchView
from pressroom.contract.copy import (
    TemplateList,
    TemplateRequest,
    TemplateView,
    VoiceList,
    VoiceRequest,
    VoiceView,
)
from pressroom.contract.events import EventEnvelope
from pressroom.contract.feedback import FeedbackPage, FeedbackRequest, FeedbackView
from pressroom.contract.feeds import Decided, DecisionRequest, FeedPlan, FeedView, PiecePage
from pressroom.contract.jobs import Health, JobPage, JobRequest, JobView, ModelList, Readiness
from pressroom.contract.problem import Problem
from pressroom.contract.spending import (
    BudgetList,
    BudgetRequest,
    BudgetView,
    PriceList,
    PriceRequest,
    PriceView,
    QuoteView,
    UsageReport,
)
from pressroom.contract.uploads import UploadView
from pressroom.contract.webhooks import (
    DeliveryPageView,
    DeliveryView,
    EndpointChange,
    EndpointList,
    EndpointRequest,
    EndpointView,
    NewEndpointView,
    SecretView,
)
from pressroom.contract.word_lists import WordListRequest, WordListsView, WordListView

_SHAPES: tuple[type[Wire], ...] = (
    JobRequest,
    JobView,
    JobPage,
    ModelList,
    Health,
    Readiness,
    Problem,
    EventEnvelope,
    UploadView,
    FeedbackRequest,
    FeedbackView,
    FeedbackPage,
    BatchLine,
    BatchView,
    BatchPage,
    BatchRowPage,
    BatchResult,
    EndpointRequest,
    EndpointChange,
    EndpointView,
    NewEndpointView,
    EndpointList,
    SecretView,
    DeliveryView,
    DeliveryPageView,
    PriceRequest,
    PriceView,
    PriceList,
    BudgetRequest,
    BudgetView,
    BudgetList,
    UsageReport,
    QuoteView,
    WordListRequest,
    WordListView,
    WordListsView,
    TemplateRequest,
    TemplateView,
    TemplateList,
    VoiceRequest,
    VoiceView,
    VoiceList,
    FeedPlan,
    FeedView,
    PiecePage,
    DecisionRequest,
    Decided,
    KeyRequest,
    KeyLimitsShape,
    KeyView,
    NewKeyView,
    KeyList,
    RotationRequest,
    RetentionShape,
    TenantView,
    TenantList,
    WeightRequest,
)
_REFS = "#/components/schemas/"
_EXAMPLE = {
    "model": "smollm2-135m-instruct",
    "input": {"prompt": "Write one line about a blue mug."},
    "params": {"max_tokens": 60},
}
# One block of an event stream, field by field.
_SENT_EVENT = {
    "title": "SentEvent",
    "description": "One server-sent event. Its `data` is an Event as JSON.",
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Come back with it as Last-Event-ID to go on behind it."},
        "event": {"enum": ["started", "delta", "reset", "end", "gone"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": _REFS + "Event"},
        },
    },
}


def configure(app: APIFlask) -> None:
    """Settings of APIFlask that the document depends on."""
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION="Make content asynchronously, on your own machines.",
        LICENSE={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        SERVERS=[{"url": "/"}],
        AUTO_SERVERS=False,
        AUTO_200_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={
            "ApiKey": {"type": "http", "scheme": "bearer", "description": "An API key, `pr_…`."}
        },
    )
    app.spec_processor(_processed)


def document(app: APIFlask) -> dict[str, Any]:
    """The document of the app."""
    with app.app_context():
        made = app.spec
    assert isinstance(made, dict)
    return made


def _processed(spec: dict[str, Any] | str) -> dict[str, Any] | str:
    return mended(spec) if isinstance(spec, dict) else spec


def mended(spec: dict[str, Any]) -> dict[str, Any]:
    """APIFlask's document with this file's corrections."""
    spec = {key: _renamed(value) for key, value in spec.items()}
    spec["components"]["schemas"] = shapes()
    spec["tags"] = [{"name": name} for name in dict.fromkeys(tag["name"] for tag in spec["tags"])]
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            _mend(path, operation)
    return spec


def shapes() -> dict[str, Any]:
    """Every shape by name, as JSON Schema (2020-12), from the models that validate."""
    _, made = models_json_schema([(shape, "validation") for shape in _SHAPES], ref_template=_REFS + "{model}")
    schemas: dict[str, Any] = made["$defs"]
    schemas["Event"] = schemas.pop("EventEnvelope")["properties"]["event"] | {"title": "Event"}
    schemas["SentEvent"] = _SENT_EVENT
    for request in ("JobRequest", "BatchLine"):
        params = schemas[request]["properties"]["params"]
        params.pop("additionalProperties", None)
        params.pop("type", None)
        params["anyOf"] = [
            {"$ref": _REFS + "TextParams"},
            {"$ref": _REFS + "ImageParams"},
            {"$ref": _REFS + "ReadingParams"},
        ]
    schemas["JobRequest"]["examples"] = [_EXAMPLE]
    return dict(sorted(schemas.items()))


def _mend(path: str, operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).extend(operation.pop("x-headers", []))
    if (body := operation.pop("x-body", None)) is not None:
        operation["requestBody"] = {"content": body}
    for parameter in operation["parameters"]:
        # A description belongs to the parameter, and null is no value of a query string.
        schema = parameter["schema"]
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        if parameter["in"] == "query":
            parameter["schema"] = _without_null(schema)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for status, response in operation["responses"].items():
        response.setdefault("headers", {}).setdefault(
            "X-Request-Id", {"schema": {"type": "string"}, "description": "Names the request in the log."}
        )
        if not response.get("content"):
            response.pop("content", None)
        response.setdefault("description", status)
    if path.startswith("/v1/"):
        operation["security"] = [{"ApiKey": []}]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    rest = {
        key: value for key, value in schema.items() if key not in ("anyOf", "default") or value is not None
    }
    if len(options) == 1:
        rest.pop("anyOf", None)
        rest.pop("default", None)
        only: dict[str, Any] = options[0]
        return rest | only
    return rest


def _renamed(value: Any) -> Any:
    """References to ``Outer.Inner`` as references to ``Inner``."""
    if isinstance(value, dict):
        made = {key: _renamed(item) for key, item in value.items()}
        ref = made.get("$ref")
        if isinstance(ref, str) and ref.startswith(_REFS):
            made["$ref"] = _REFS + ref.removeprefix(_REFS).rpartition(".")[2]
        return made
    return [_renamed(item) for item in value] if isinstance(value, list) else value
