"""Models that jobs can be posted for."""

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import ModelList
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import problems
from pressroom.front.api.views import model_card


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/models``."""
    models = APIBlueprint("models", __name__, url_prefix="/v1/models", tag="Models")

    @models.get("")
    @models.output(ModelList)
    @models.doc(operation_id="listModels", responses=problems())
    def list_models() -> Response:
        """List models

        Each with the defaults of its params and the workers that run it now."""
        live = parts.store.live_models()
        cards = tuple(model_card(manifest, live) for manifest in parts.catalog.seen_by(g.tenant))
        return wire_response(ModelList(items=cards))

    return models
