"""``GET /openai/v1/models``: what jobs can be posted for."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.catalog.manifest import Manifest
from pressroom.domain.errors import ModelUnknown


def blueprint(parts: FrontParts) -> APIBlueprint:
    """The list, and one of it."""
    models = APIBlueprint("openai_models", __name__, url_prefix="/openai/v1/models", enable_openapi=False)

    @models.get("")
    def list_models() -> Response:
        data = [_told(manifest) for manifest in parts.catalog.seen_by(g.tenant)]
        return jsonify({"object": "list", "data": data})

    @models.get("/<model>")
    def get_model(model: str) -> Response:
        seen = {manifest.name: manifest for manifest in parts.catalog.seen_by(g.tenant)}
        if model not in seen:
            raise ModelUnknown(
                f"There is no model of this name. Known models: {', '.join(seen) or 'none'}.", field="model"
            )
        return jsonify(_told(seen[model]))

    return models


def _told(manifest: Manifest) -> dict[str, Any]:
    # When weights were made is not known of all of them, and clients sort by it at most.
    return {"id": manifest.name, "object": "model", "created": 0, "owned_by": "pressroom"}
