"""The opaque cursor of a page: the last job that was shown, packed so that nobody builds on its form."""

import base64
import binascii
import json

from pressroom.domain.errors import CursorInvalid


def pack_cursor(created_at: int, job_id: str) -> str:
    """A cursor that continues behind this job."""
    return base64.urlsafe_b64encode(json.dumps([created_at, job_id]).encode()).decode().rstrip("=")


def unpack_cursor(cursor: str) -> tuple[int, str]:
    """``created_at`` and id of the last job shown. Raises CursorInvalid."""
    refused = CursorInvalid(
        "This cursor is not one of ours. Pass `next` of the previous page as it is, or leave it out.",
        field="query.cursor",
    )
    if len(cursor) > 256:
        raise refused
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise refused from None
    match value:
        case [int(created_at), str(job_id)] if 0 <= created_at < 2**63 and _sound(job_id):
            return created_at, job_id
        case _:
            raise refused


def _sound(job_id: str) -> bool:
    return 0 < len(job_id) <= 64 and job_id.isascii() and job_id.isprintable()
