"""Webhooks for people: endpoints, what was sent to them, and to send it again."""

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.webhooks import EndpointChange, EndpointRequest
from pressroom.domain.errors import Refused, WrongState
from pressroom.domain.outgoing import TargetRefused
from pressroom.front.api.deliveries import delivery_view
from pressroom.front.api.queries import PageQuery
from pressroom.front.api.webhooks import endpoint_view
from pressroom.front.errors import status_of
from pressroom.front.pages.common import members_only, page_blueprint

_PAGE = 50


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/webhooks``."""
    hooks = page_blueprint("hooks", __name__)
    members_only(parts, hooks)

    @hooks.get("/webhooks")
    @hooks.input(PageQuery, location="query")
    def hooks_page(query_data: PageQuery) -> ResponseReturnValue:
        return _hooks(parts, cursor=query_data.cursor)

    @hooks.post("/webhooks")
    def add_form() -> ResponseReturnValue:
        """The secret is shown on the page that answers, and nowhere else."""
        form = {name: value for name, value in request.form.items() if name != "csrf"}
        try:
            endpoint, issued = parts.webhooks.create(g.tenant, EndpointRequest.model_validate(form))
        except ValidationError as error:
            return _hooks(parts, wrong=error.errors(include_url=False)[0]["msg"], status=422)
        except (Refused, TargetRefused) as error:
            return _hooks(parts, wrong=error.message, status=status_of(error))
        return _hooks(parts, secret=issued.secret, of=endpoint.url)

    @hooks.post("/webhooks/<webhook_id>/rotate")
    def rotate_form(webhook_id: str) -> ResponseReturnValue:
        issued = parts.webhooks.rotate(g.tenant, webhook_id)
        return _hooks(parts, secret=issued.secret, of=parts.webhooks.endpoint(g.tenant, webhook_id).url)

    @hooks.post("/webhooks/<webhook_id>/switch")
    def switch_form(webhook_id: str) -> ResponseReturnValue:
        """Off where it is on, on where it is off."""
        active = parts.webhooks.endpoint(g.tenant, webhook_id).active
        parts.webhooks.change(g.tenant, webhook_id, EndpointChange(active=not active))
        return _back()

    @hooks.post("/webhooks/<webhook_id>/test")
    def test_form(webhook_id: str) -> ResponseReturnValue:
        try:
            parts.webhooks.test(g.tenant, webhook_id)
        except WrongState as error:
            return _hooks(parts, wrong=error.message, status=status_of(error))
        return _back()

    @hooks.post("/webhooks/<webhook_id>/remove")
    def remove_form(webhook_id: str) -> ResponseReturnValue:
        parts.webhooks.remove(g.tenant, webhook_id)
        return _back()

    @hooks.get("/deliveries/<delivery_id>")
    def delivery_page(delivery_id: str) -> ResponseReturnValue:
        delivery = parts.webhooks.delivery(g.tenant, delivery_id)
        return render_template("delivery.html", delivery=delivery_view(delivery, whole=True))

    @hooks.post("/deliveries/<delivery_id>/replay")
    def replay_form(delivery_id: str) -> ResponseReturnValue:
        parts.webhooks.replay(g.tenant, delivery_id)
        return redirect(url_for("hooks.delivery_page", delivery_id=delivery_id), 303)

    return hooks


def _hooks(
    parts: FrontParts,
    *,
    cursor: str | None = None,
    wrong: str | None = None,
    secret: str | None = None,
    of: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    page = parts.webhooks.deliveries(g.tenant, None, cursor=cursor, limit=_PAGE)
    rendered = render_template(
        "webhooks.html",
        endpoints=[endpoint_view(each) for each in parts.webhooks.endpoints(g.tenant)],
        deliveries=[delivery_view(each) for each in page.items],
        next=page.next,
        wrong=wrong,
        secret=secret,
        of=of,
        form=request.form,
    )
    return rendered, status


def _back() -> ResponseReturnValue:
    return redirect(url_for("hooks.hooks_page"), 303)
