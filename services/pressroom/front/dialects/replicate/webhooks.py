"""``/replicate/v1/webhooks/default/secret``: what the messages to URLs of predictions are signed with."""

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts


def blueprint(parts: FrontParts) -> APIBlueprint:
    """The same secret as ``/v1/webhooks/secret``."""
    webhooks = APIBlueprint(
        "replicate_webhooks", __name__, url_prefix="/replicate/v1/webhooks", enable_openapi=False
    )

    @webhooks.get("/default/secret")
    def get_secret() -> Response:
        response = jsonify({"key": parts.webhooks.own_secret(g.tenant).secret})
        response.headers["Cache-Control"] = "no-store"
        return response

    return webhooks
