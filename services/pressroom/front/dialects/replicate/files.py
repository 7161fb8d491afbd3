"""``/replicate/v1/files``: pictures to work on, sent in as a form. They are uploads like any other."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify, request

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import InputInvalid
from pressroom.front.dialects.replicate.predictions import base
from pressroom.front.dialects.replicate.telling import moment
from pressroom.jobs.uploads import Upload


def blueprint(parts: FrontParts) -> APIBlueprint:
    """What is kept is the pixels."""
    files = APIBlueprint("replicate_files", __name__, url_prefix="/replicate/v1/files", enable_openapi=False)

    @files.post("")
    def create_file() -> Response:
        sent = request.files.get("content")
        if sent is None:
            raise InputInvalid("Send the file as a form, in the field `content`.", field="content")
        response = jsonify(_file(parts.uploads.take(g.tenant, sent.read()), sent.filename or "picture.png"))
        response.status_code = 201
        return response

    @files.get("/<upload_id>")
    def get_file(upload_id: str) -> Response:
        upload = parts.uploads.find(g.tenant, upload_id)
        return jsonify(_file(upload, f"{upload.id}.png"))

    @files.delete("/<upload_id>")
    def delete_file(upload_id: str) -> Response:
        parts.uploads.remove(g.tenant, upload_id)
        return Response(status=204)

    return files


def _file(upload: Upload, name: str) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": name,
        "content_type": upload.media_type,
        "size": upload.size,
        "etag": upload.sha256,
        "checksums": {"sha256": upload.sha256},
        "metadata": {},
        "created_at": moment(upload.created_at),
        "expires_at": moment(upload.expires_at),
        "urls": {"get": f"{base()}/files/{upload.id}"},
    }
