"""Uploads: send in a picture, look at it, remove it."""

from apiflask import APIBlueprint
from flask import Response, g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.uploads import UploadView
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import REQUEST_ID, answer, header_docs, problems
from pressroom.front.errors import UnsupportedBody
from pressroom.jobs.uploads import Upload

_PICTURES = ("image/png", "image/jpeg", "image/webp")
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/uploads``."""
    uploads = APIBlueprint("uploads", __name__, url_prefix="/v1/uploads", tag="Uploads")

    @uploads.post("")
    @uploads.doc(
        operation_id="postUpload",
        responses={
            201: answer("UploadView", "The picture is kept.", Location="Path of the upload."),
            **problems(413, 415),
        },
        extensions={"x-body": dict.fromkeys(_PICTURES, _BYTES)},
    )
    def post_upload() -> Response:
        """Send in a picture

        The body is the file itself: PNG, JPEG or WebP, not animated. What is kept is its pixels, upright,
        as a PNG; everything else that was in the file is gone."""
        if request.mimetype not in _PICTURES:
            raise UnsupportedBody(f"Send the picture itself, as one of: {', '.join(_PICTURES)}.")
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedBody("Send the body uncompressed.")
        upload = parts.uploads.take(g.tenant, request.get_data(cache=False))
        return wire_response(_view(upload), 201, headers={"Location": _url(upload)})

    @uploads.get("/<upload_id>")
    @uploads.output(UploadView)
    @uploads.doc(operation_id="getUpload", responses=problems(404))
    def get_upload(upload_id: str) -> Response:
        """Look at an upload"""
        return wire_response(_view(parts.uploads.find(g.tenant, upload_id)))

    @uploads.get("/<upload_id>/content")
    @uploads.doc(
        operation_id="getUploadContent",
        responses={
            200: {"description": "The picture.", "headers": REQUEST_ID, "content": {"image/png": _BYTES}},
            **problems(404),
        },
    )
    def get_upload_content(upload_id: str) -> Response:
        """Fetch an upload's bytes"""
        upload = parts.uploads.find(g.tenant, upload_id)
        response = Response(parts.uploads.content(upload), content_type=upload.media_type)
        response.headers["Content-Disposition"] = f'inline; filename="{upload.id}.png"'
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    @uploads.delete("/<upload_id>")
    @uploads.doc(
        operation_id="eraseUpload",
        responses={204: {"description": "Removed.", "headers": header_docs()}, **problems(404, 413)},
    )
    def erase_upload(upload_id: str) -> Response:
        """Remove an upload"""
        parts.uploads.remove(g.tenant, upload_id)
        return Response(status=204)

    return uploads


def _url(upload: Upload) -> str:
    return f"/v1/uploads/{upload.id}"


def _view(upload: Upload) -> UploadView:
    return UploadView(
        id=upload.id,
        media_type=upload.media_type,
        size=upload.size,
        sha256=upload.sha256,
        width=upload.width,
        height=upload.height,
        url=f"{_url(upload)}/content",
        created_at=upload.created_at,
        expires_at=upload.expires_at,
    )
