"""Addresses of outputs that are good without a key for an hour, for clients that hand them on: ``/signed/TOKEN``.

A token names tenant, job and output, and is signed with the server's secret: nobody can make one up, and an erased output is gone.
"""

from apiflask import APIBlueprint
from flask import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import OutputUnknown
from pressroom.domain.job import Job
from pressroom.front.api.outputs import file_name

GOOD_FOR_S = 3_600
_SALT = "pressroom output"


def sign(secret: bytes, job: Job, n: int) -> str:
    """Path of an output."""
    return f"/signed/{_serializer(secret).dumps([job.tenant, job.id, n])}"


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``GET /signed/TOKEN``: the bytes."""
    signed = APIBlueprint("signed", __name__, url_prefix="/signed", enable_openapi=False)

    @signed.get("/<token>")
    def get_signed(token: str) -> Response:
        try:
            tenant, job_id, n = _serializer(parts.secret).loads(token, max_age=GOOD_FOR_S)
        except BadSignature:
            raise OutputUnknown(
                "This address is no longer good, or never was: fetch the output with your API key."
            ) from None
        output = parts.fetcher.output(tenant, job_id, n)
        response = Response(parts.fetcher.content(output), content_type=output.media_type)
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Content-Disposition"] = f'inline; filename="{file_name(job_id, output)}"'
        # Whoever was given the address may show it on a page of their own.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return signed


def _serializer(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=_SALT)
