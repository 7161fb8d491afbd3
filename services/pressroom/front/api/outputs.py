"""The bytes of an output: whole, a range of it, or only whether it has changed (RFC 9110)."""

from apiflask import APIBlueprint
from flask import Request, Response, g, request
from werkzeug.datastructures import ContentRange
from werkzeug.http import quote_etag

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.job import Output
from pressroom.front.api.documents import REQUEST_ID, header_docs, header_parameter, problems
from pressroom.front.errors import problem_response

_ANY_BYTES = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {
    "text/plain": {"schema": {"type": "string"}},
    "image/png": _ANY_BYTES,
    "image/webp": _ANY_BYTES,
    "image/svg+xml": _ANY_BYTES,
}
_HEADERS = REQUEST_ID | header_docs(ETag="The content's SHA-256.", Accept_Ranges="`bytes`.")
_FROM_CLIENT = [
    header_parameter("Range", "A range of bytes, e.g. `bytes=0-99`.", {"type": "string"}),
    header_parameter("If-None-Match", "An ETag that you have.", {"type": "string"}),
    header_parameter("If-Range", "Send the range only if this is still the ETag.", {"type": "string"}),
]
_SUFFIX = {"image/png": "png", "image/webp": "webp", "image/svg+xml": "svg"}


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/jobs/{id}/outputs/{n}``."""
    outputs = APIBlueprint("outputs", __name__, url_prefix="/v1/jobs", tag="Jobs")

    @outputs.get("/<job_id>/outputs/<int:n>")
    @outputs.doc(
        operation_id="getOutput",
        responses={
            200: {"description": "The content.", "headers": _HEADERS, "content": _CONTENT},
            206: {
                "description": "A range of it.",
                "headers": _HEADERS | header_docs(Content_Range="Which bytes these are."),
                "content": _CONTENT,
            },
            304: {"description": "You have it already.", "headers": _HEADERS},
            **problems(404, 410, 416),
        },
        extensions={"x-headers": _FROM_CLIENT},
    )
    def get_output(job_id: str, n: int) -> Response:
        """Fetch an output

        Outputs are counted from 0."""
        output = parts.fetcher.output(g.tenant, job_id, n)
        if request.if_none_match.contains_weak(output.sha256):
            return _dressed(Response(status=304), output, job_id)
        start, end = 0, output.size
        status = 200
        if (asked := _range(request, output)) is not None:
            start, end = asked
            status = 206
            if start >= end:
                return problem_response(
                    416,
                    "range_not_satisfiable",
                    f"The output has {output.size} bytes; ask for some of these.",
                    field="header.Range",
                    headers={"Content-Range": f"bytes */{output.size}"},
                )
        # A HEAD is answered with the length, without reading a byte.
        content = b"" if request.method == "HEAD" else parts.fetcher.content(output, start, end)
        response = Response(content, status, content_type=output.media_type)
        response.headers["Content-Length"] = str(end - start)
        response.headers["Content-Disposition"] = f'inline; filename="{file_name(job_id, output)}"'
        if status == 206:
            response.content_range = ContentRange("bytes", start, end, output.size)
        return _dressed(response, output, job_id)

    return outputs


def _range(given: Request, output: Output) -> tuple[int, int] | None:
    """(start, end) of the range that is asked for; (0, 0) if it lies outside; None: all of it.

    Several ranges at once are answered with the whole, as are those of another version."""
    if given.range is None or given.range.units != "bytes" or len(given.range.ranges) != 1:
        return None
    if_range = given.if_range
    if if_range.date is not None or (if_range.etag is not None and if_range.etag != output.sha256):
        return None
    return given.range.range_for_length(output.size) or (0, 0)


def file_name(job_id: str, output: Output) -> str:
    """What it is called where it is saved."""
    return f"{job_id}-{output.n}.{_SUFFIX.get(output.media_type, 'txt')}"


def _dressed(response: Response, output: Output, job_id: str) -> Response:
    response.headers["ETag"] = quote_etag(output.sha256)
    response.headers["Accept-Ranges"] = "bytes"
    # An output never changes, but it may be erased: ask each time.
    response.headers["Cache-Control"] = "private, no-cache"
    return response
