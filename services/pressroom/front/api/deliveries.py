"""Deliveries of webhooks, and the secret of the URLs that jobs name: what belongs to no single endpoint."""

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.webhooks import DeliveryPageView, DeliveryView, SecretView, TryView
from pressroom.domain.webhooks import Delivery, DeliveryState
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import answer, problems
from pressroom.front.api.queries import DeliveriesQuery
from pressroom.jobs.webhook_ports import DeliveryPage
from pressroom.jobs.webhooks import IssuedSecret


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/webhooks/deliveries`` and ``/v1/webhooks/secret``."""
    deliveries = APIBlueprint("deliveries", __name__, url_prefix="/v1/webhooks", tag="Webhooks")

    @deliveries.get("/deliveries")
    @deliveries.input(DeliveriesQuery, location="query")
    @deliveries.output(DeliveryPageView)
    @deliveries.doc(operation_id="listDeliveries", responses=problems())
    def list_deliveries(query_data: DeliveriesQuery) -> Response:
        """List all deliveries

        Those to URLs that jobs named are here too."""
        return wire_response(
            page_view(
                parts.webhooks.deliveries(g.tenant, None, cursor=query_data.cursor, limit=query_data.limit)
            )
        )

    @deliveries.get("/deliveries/<delivery_id>")
    @deliveries.output(DeliveryView)
    @deliveries.doc(operation_id="getDelivery", responses=problems(404))
    def get_delivery(delivery_id: str) -> Response:
        """Look at a delivery

        With its body and all its tries."""
        return wire_response(delivery_view(parts.webhooks.delivery(g.tenant, delivery_id), whole=True))

    @deliveries.post("/deliveries/<delivery_id>/replay")
    @deliveries.doc(
        operation_id="replayDelivery",
        responses={
            202: answer("DeliveryView", "The same message, with the same id, is on its way again."),
            **problems(404, 413),
        },
    )
    def replay_delivery(delivery_id: str) -> Response:
        """Replay a delivery"""
        return wire_response(delivery_view(parts.webhooks.replay(g.tenant, delivery_id)), 202)

    @deliveries.get("/secret")
    @deliveries.output(SecretView)
    @deliveries.doc(operation_id="getWebhookSecret", responses=problems())
    def get_webhook_secret() -> Response:
        """The secret of the URLs that jobs name

        One for all of them, made when it is first needed."""
        return wire_response(secret_view(parts.webhooks.own_secret(g.tenant)))

    @deliveries.post("/secret/rotate")
    @deliveries.output(SecretView)
    @deliveries.doc(operation_id="rotateWebhookSecretOfJobs", responses=problems(413))
    def rotate_webhook_secret_of_jobs() -> Response:
        """Rotate the secret of the URLs that jobs name"""
        return wire_response(secret_view(parts.webhooks.rotate_own(g.tenant)))

    return deliveries


def secret_view(issued: IssuedSecret) -> SecretView:
    """A secret, to be read."""
    return SecretView(secret=issued.secret, old_until=issued.old_until)


def page_view(page: DeliveryPage) -> DeliveryPageView:
    """A page of deliveries, without their bodies."""
    return DeliveryPageView(items=tuple(map(delivery_view, page.items)), next=page.next)


def delivery_view(delivery: Delivery, *, whole: bool = False) -> DeliveryView:
    """``whole``: with the body and the tries."""
    tries = tuple(TryView(at=one.at, ms=one.ms, status=one.status, error=one.error) for one in delivery.log)
    return DeliveryView(
        id=delivery.id,
        webhook_id=delivery.endpoint_id,
        job_id=delivery.job_id,
        output=delivery.output,
        event=delivery.event,
        status=delivery.state.value,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        due_at=delivery.due_at if delivery.state is DeliveryState.PENDING else None,
        finished_at=delivery.finished_at,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        body=delivery.body if whole else None,
        tries=tries if whole else None,
    )
