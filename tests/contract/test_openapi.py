"""The document is valid, says what the API does, and whatever is sent gets a documented answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.front import IMAGE_JOB, TEXT_JOB, Front

from pressroom.domain.spending import Price
from pressroom.front.app import create_app
from pressroom.front.openapi import document

# The document says what its lines are; as a whole it is text.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    made = Front(tmp_path_factory.mktemp("front"), max_wait_s=0)
    yield made
    made.parts.follower.stop()


@pytest.fixture(scope="module")
def spec(front: Front) -> dict[str, Any]:
    return document(front.app)


@pytest.fixture
def api(front: Front) -> Any:
    """The API as schemathesis sees it; jobs of every kind are there to be found."""
    return schemathesis.openapi.from_wsgi("/openapi.json", front.app)


def test_the_document_is_valid(spec: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(spec).validate()
    assert spec["openapi"].startswith("3.1")


def test_every_call_of_the_api_is_in_it(front: Front, spec: dict[str, Any]) -> None:
    found = {
        (method, path.replace("{", "<").replace("}", ">"))
        for path, operations in spec["paths"].items()
        for method in operations
    }
    served = {
        (method.lower(), rule.rule.replace("<int:", "<"))
        for rule in front.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith(("/v1/", "/healthz", "/readyz")) and method not in ("HEAD", "OPTIONS")
    }
    assert found == served


def test_errors_are_documented_as_what_they_are(spec: dict[str, Any]) -> None:
    for operations in spec["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                assert "X-Request-Id" in response["headers"]
                if int(status) >= 400 and operation["operationId"] != "getReadiness":
                    assert list(response["content"]) == ["application/problem+json"]


def test_bodies_are_required_and_keys_are_asked_for(spec: dict[str, Any]) -> None:
    assert spec["paths"]["/v1/jobs"]["post"]["requestBody"]["required"] is True
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith("/v1/")


def test_the_shapes_are_those_that_validate(spec: dict[str, Any]) -> None:
    shapes = spec["components"]["schemas"]
    assert shapes["JobRequest"]["additionalProperties"] is False
    assert shapes["TextParams"]["properties"]["top_p"]["exclusiveMinimum"] == 0
    assert shapes["ImageParams"]["properties"]["n"]["maximum"] == 256
    assert {
        ref["$ref"].rpartition("/")[2] for ref in shapes["JobRequest"]["properties"]["params"]["anyOf"]
    } == {
        "TextParams",
        "ImageParams",
        "ReadingParams",
    }


def test_two_apps_have_the_same_document(front: Front) -> None:
    assert document(create_app(front.parts)) == document(front.app)


CALLS = [
    ("/v1/jobs", "POST"),
    ("/v1/jobs", "GET"),
    ("/v1/jobs/{job_id}", "GET"),
    ("/v1/jobs/{job_id}", "DELETE"),
    ("/v1/jobs/{job_id}/cancel", "POST"),
    ("/v1/jobs/{job_id}/requeue", "POST"),
    ("/v1/jobs/{job_id}/events", "GET"),
    ("/v1/jobs/{job_id}/outputs/{n}", "GET"),
    ("/v1/jobs/{job_id}/archive", "GET"),
    ("/v1/jobs/{job_id}/feedback", "POST"),
    ("/v1/jobs/{job_id}/feedback", "GET"),
    ("/v1/feedback", "GET"),
    ("/v1/models", "GET"),
    ("/v1/batches", "POST"),
    ("/v1/batches", "GET"),
    ("/v1/batches/{batch_id}", "GET"),
    ("/v1/batches/{batch_id}", "DELETE"),
    ("/v1/batches/{batch_id}/rows", "GET"),
    ("/v1/batches/{batch_id}/results", "GET"),
    ("/v1/batches/{batch_id}/cancel", "POST"),
    ("/v1/batches/{batch_id}/retry", "POST"),
    ("/v1/uploads", "POST"),
    ("/v1/uploads/{upload_id}", "GET"),
    ("/v1/uploads/{upload_id}", "DELETE"),
    ("/v1/uploads/{upload_id}/content", "GET"),
    ("/v1/webhooks", "POST"),
    ("/v1/webhooks", "GET"),
    ("/v1/webhooks/{webhook_id}", "GET"),
    ("/v1/webhooks/{webhook_id}", "PATCH"),
    ("/v1/webhooks/{webhook_id}", "DELETE"),
    ("/v1/webhooks/{webhook_id}/rotate", "POST"),
    ("/v1/webhooks/{webhook_id}/test", "POST"),
    ("/v1/webhooks/{webhook_id}/deliveries", "GET"),
    ("/v1/webhooks/deliveries", "GET"),
    ("/v1/webhooks/deliveries/{delivery_id}", "GET"),
    ("/v1/webhooks/deliveries/{delivery_id}/replay", "POST"),
    ("/v1/webhooks/secret", "GET"),
    ("/v1/webhooks/secret/rotate", "POST"),
    ("/v1/budgets", "GET"),
    ("/v1/budgets/{campaign}", "GET"),
    ("/v1/budgets/{campaign}", "PUT"),
    ("/v1/budgets/{campaign}", "DELETE"),
    ("/v1/word-lists", "GET"),
    ("/v1/word-lists/{word_list}", "GET"),
    ("/v1/word-lists/{word_list}", "PUT"),
    ("/v1/word-lists/{word_list}", "DELETE"),
    ("/v1/templates", "GET"),
    ("/v1/templates/{template}", "GET"),
    ("/v1/templates/{template}", "PUT"),
    ("/v1/templates/{template}", "DELETE"),
    ("/v1/voices", "GET"),
    ("/v1/voices/{voice}", "GET"),
    ("/v1/voices/{voice}", "PUT"),
    ("/v1/voices/{voice}", "DELETE"),
    ("/v1/feeds", "POST"),
    ("/v1/feeds/{feed_id}", "GET"),
    ("/v1/feeds/{feed_id}/pieces", "GET"),
    ("/v1/feeds/{feed_id}/decisions", "POST"),
    ("/v1/feeds/{feed_id}/export", "GET"),
    ("/v1/usage", "GET"),
    ("/v1/prices", "GET"),
    ("/v1/admin/keys", "GET"),
    ("/v1/admin/keys", "POST"),
    ("/v1/admin/keys/{key_id}/limits", "PUT"),
    ("/v1/admin/keys/{key_id}/rotate", "POST"),
    ("/v1/admin/keys/{key_id}", "DELETE"),
    ("/v1/admin/tenants", "GET"),
    ("/v1/admin/tenants/{tenant}/keeps", "PUT"),
    ("/v1/admin/tenants/{tenant}/weights/{pool}", "PUT"),
    ("/v1/admin/prices", "GET"),
    ("/v1/admin/prices/{model}", "PUT"),
    ("/v1/admin/prices/{model}", "DELETE"),
    ("/v1/admin/usage", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("path", "method"), CALLS)
def test_whatever_is_sent_gets_a_documented_answer(
    front: Front, api: Any, path: str, method: str, mode: GenerationMode
) -> None:
    """Bodies, parameters and headers that fit the document, and such that do not."""
    operation = api[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def answered(case: Any) -> None:
        _aim(front, case)
        key = front.admin_key if path.startswith("/v1/admin") else front.key
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

    try:
        answered()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "every call can be made rightly"


def test_every_call_is_tried(spec: dict[str, Any]) -> None:
    assert {(path, method) for path, ways in spec["paths"].items() for method in map(str.upper, ways)} == set(
        CALLS
    )


def _aim(front: Front, case: Any) -> None:
    """Let half of the calls hit: at jobs that exist, with a model that exists."""
    hit = sum(map(ord, repr(case.path_parameters) + repr(case.body))) % 2 == 0
    if not hit:
        return
    if case.path_parameters and "job_id" in case.path_parameters:
        body = TEXT_JOB if len(repr(case.query)) % 2 else IMAGE_JOB
        # Ended, so that its stream ends too.
        case.path_parameters["job_id"] = front.done(body)["id"]
    if case.path_parameters and "upload_id" in case.path_parameters:
        case.path_parameters["upload_id"] = front.upload()["id"]
    if case.path_parameters and "batch_id" in case.path_parameters:
        case.path_parameters["batch_id"] = front.post_batch([TEXT_JOB, {"model": "nope"}]).json["id"]
    if case.path_parameters and "webhook_id" in case.path_parameters:
        case.path_parameters["webhook_id"] = front.webhook()["id"]
    if case.path_parameters and "campaign" in case.path_parameters:
        case.path_parameters["campaign"] = front.budget()
    if case.path_parameters and "word_list" in case.path_parameters:
        case.path_parameters["word_list"] = front.word_list()
    if case.path_parameters and "feed_id" in case.path_parameters:
        case.path_parameters["feed_id"] = front.feed()
    if case.path_parameters and "template" in case.path_parameters:
        case.path_parameters["template"] = front.template()
    if case.path_parameters and "voice" in case.path_parameters:
        case.path_parameters["voice"] = front.voice()
    if case.path_parameters and "key_id" in case.path_parameters:
        case.path_parameters["key_id"] = front.parts.keyring.issue("acme").key.id
    if case.path_parameters and "model" in case.path_parameters:
        front.parts.accounts.set_price("writer", Price(1, 2, 3))
        case.path_parameters["model"] = "writer"
    if case.path_parameters and "delivery_id" in case.path_parameters:
        case.path_parameters["delivery_id"] = front.delivery()["id"]
    if isinstance(case.body, dict) and isinstance(case.body.get("url"), str):
        front.webhook()  # which makes room
        case.body["url"] = "https://hooks.example.com/in"
    if isinstance(case.body, dict) and "model" in case.body:
        case.body["model"] = "writer"


def test_the_document_needs_no_key_and_neither_does_the_page(front: Front) -> None:
    assert front.client.get("/openapi.json").json == document(front.app)
    page = front.client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://localhost/v1/jobs", "")
    assert "https://" not in page.text


def test_the_page_shows_every_call_and_every_shape(
    front: Front, spec: dict[str, Any], tmp_path: Path
) -> None:
    page = front.client.get("/docs").text
    for path in spec["paths"]:
        assert path in page
    for name in spec["components"]["schemas"]:
        assert f'id="shape-{name}"' in page
