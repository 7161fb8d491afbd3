"""``/replicate/v1/models``: what predictions can be made with, in its versions; and whose key it is."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.catalog.manifest import Manifest
from pressroom.front.dialects.replicate.asking import OWNER, named
from pressroom.front.dialects.replicate.predictions import base
from pressroom.front.dialects.replicate.schemas import openapi_schema

_COG = "0.16.0"
"""The version of their packager by which their client knows how a schema is to be read."""

_BEGINNING = "1970-01-01T00:00:00Z"
"""When weights were made is not known of all of them."""


def blueprint(parts: FrontParts) -> APIBlueprint:
    """Any owner is taken for Pressroom."""
    models = APIBlueprint("replicate_models", __name__, url_prefix="/replicate/v1", enable_openapi=False)

    @models.get("/models")
    def list_models() -> Response:
        results = [_model(manifest) for manifest in parts.catalog.seen_by(g.tenant)]
        return jsonify({"previous": None, "next": None, "results": results})

    @models.get("/models/<owner>/<name>")
    def get_model(owner: str, name: str) -> Response:
        return jsonify(_model(named(parts.catalog, g.tenant, f"{owner}/{name}")))

    @models.get("/models/<owner>/<name>/versions")
    def list_versions(owner: str, name: str) -> Response:
        named(parts.catalog, g.tenant, f"{owner}/{name}")  # raises
        results = [
            _version(kept.manifest)
            for kept in parts.catalog.versions(name)
            if kept.manifest.tenant in (None, g.tenant)
        ]
        return jsonify({"previous": None, "next": None, "results": results})

    @models.get("/models/<owner>/<name>/versions/<version>")
    def get_version(owner: str, name: str, version: str) -> Response:
        return jsonify(_version(named(parts.catalog, g.tenant, f"{owner}/{name}:{version}")))

    @models.get("/account")
    def get_account() -> Response:
        return jsonify({"type": "organization", "username": g.tenant, "name": g.tenant, "github_url": None})

    return models


def _model(manifest: Manifest) -> dict[str, Any]:
    return {
        "url": f"{base()}/models/{OWNER}/{manifest.name}",
        "owner": OWNER,
        "name": manifest.name,
        "description": manifest.description,
        "visibility": "public" if manifest.tenant is None else "private",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 0,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": _version(manifest),
    }


def _version(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.sha256,
        "created_at": _BEGINNING,
        "cog_version": _COG,
        "openapi_schema": openapi_schema(manifest),
    }
