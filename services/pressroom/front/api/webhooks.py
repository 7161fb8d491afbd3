"""Webhooks: who is called back, and with which secret."""

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.webhooks import (
    DeliveryPageView,
    EndpointChange,
    EndpointList,
    EndpointRequest,
    EndpointView,
    NewEndpointView,
    SecretView,
)
from pressroom.domain.webhooks import Endpoint
from pressroom.front.answers import wire_response
from pressroom.front.api.deliveries import delivery_view, page_view, secret_view
from pressroom.front.api.documents import answer, header_docs, problems
from pressroom.front.api.queries import DeliveriesQuery


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/webhooks``."""
    webhooks = APIBlueprint("webhooks", __name__, url_prefix="/v1/webhooks", tag="Webhooks")

    @webhooks.post("")
    @webhooks.input(EndpointRequest)
    @webhooks.doc(
        operation_id="createWebhook",
        responses={
            201: answer("NewEndpointView", "It is told from now on.", Location="Path of the endpoint."),
            **problems(413, 415),
        },
    )
    def create_webhook(json_data: EndpointRequest) -> Response:
        """Add an endpoint

        The secret is told here and nowhere else; messages are signed by Standard Webhooks."""
        endpoint, issued = parts.webhooks.create(g.tenant, json_data)
        view = NewEndpointView(**endpoint_view(endpoint).model_dump(), secret=issued.secret)
        return wire_response(view, 201, headers={"Location": f"/v1/webhooks/{endpoint.id}"})

    @webhooks.get("")
    @webhooks.output(EndpointList)
    @webhooks.doc(operation_id="listWebhooks", responses=problems())
    def list_webhooks() -> Response:
        """List endpoints"""
        return wire_response(
            EndpointList(items=tuple(map(endpoint_view, parts.webhooks.endpoints(g.tenant))))
        )

    @webhooks.get("/<webhook_id>")
    @webhooks.output(EndpointView)
    @webhooks.doc(operation_id="getWebhook", responses=problems(404))
    def get_webhook(webhook_id: str) -> Response:
        """Look at an endpoint"""
        return wire_response(endpoint_view(parts.webhooks.endpoint(g.tenant, webhook_id)))

    @webhooks.patch("/<webhook_id>")
    @webhooks.input(EndpointChange)
    @webhooks.output(EndpointView)
    @webhooks.doc(operation_id="changeWebhook", responses=problems(404, 413, 415))
    def change_webhook(webhook_id: str, json_data: EndpointChange) -> Response:
        """Change an endpoint

        One that was disabled, or rests since it failed, goes on at once when it is made active."""
        return wire_response(endpoint_view(parts.webhooks.change(g.tenant, webhook_id, json_data)))

    @webhooks.delete("/<webhook_id>")
    @webhooks.doc(
        operation_id="removeWebhook",
        responses={204: {"description": "Removed.", "headers": header_docs()}, **problems(404, 413)},
    )
    def remove_webhook(webhook_id: str) -> Response:
        """Remove an endpoint

        What waits for it is not sent any more."""
        parts.webhooks.remove(g.tenant, webhook_id)
        return Response(status=204)

    @webhooks.post("/<webhook_id>/rotate")
    @webhooks.output(SecretView)
    @webhooks.doc(operation_id="rotateWebhookSecret", responses=problems(404, 413))
    def rotate_webhook_secret(webhook_id: str) -> Response:
        """Rotate an endpoint's secret

        For 24 hours messages carry a signature of the old secret beside that of the new one."""
        return wire_response(secret_view(parts.webhooks.rotate(g.tenant, webhook_id)))

    @webhooks.post("/<webhook_id>/test")
    @webhooks.doc(
        operation_id="testWebhook",
        responses={
            202: answer("DeliveryView", "A message of type `webhook.test` is on its way."),
            **problems(404, 409, 413),
        },
    )
    def test_webhook(webhook_id: str) -> Response:
        """Send a test message"""
        return wire_response(delivery_view(parts.webhooks.test(g.tenant, webhook_id)), 202)

    @webhooks.get("/<webhook_id>/deliveries")
    @webhooks.input(DeliveriesQuery, location="query")
    @webhooks.output(DeliveryPageView)
    @webhooks.doc(operation_id="listWebhookDeliveries", responses=problems(404))
    def list_webhook_deliveries(webhook_id: str, query_data: DeliveriesQuery) -> Response:
        """List an endpoint's deliveries

        Newest first. What ended is kept for 30 days."""
        return wire_response(
            page_view(
                parts.webhooks.deliveries(
                    g.tenant, webhook_id, cursor=query_data.cursor, limit=query_data.limit
                )
            )
        )

    return webhooks


def endpoint_view(endpoint: Endpoint) -> EndpointView:
    """An endpoint without its secrets."""
    return EndpointView(
        id=endpoint.id,
        url=endpoint.url,
        events=endpoint.events,
        description=endpoint.description,
        form=endpoint.form.value,
        active=endpoint.active,
        disabled_reason=endpoint.disabled_reason,
        failures=endpoint.failures,
        rests_until=endpoint.rests_until,
        created_at=endpoint.created_at,
        changed_at=endpoint.changed_at,
    )
