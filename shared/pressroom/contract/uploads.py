"""Answers about uploads."""

from pydantic import Field

from pressroom.contract.base import Wire


class UploadView(Wire):
    """A picture that you sent in, as it is kept: its pixels alone, as a PNG."""

    id: str
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    width: int
    height: int
    url: str = Field(description="Where its bytes are.")
    created_at: int
    expires_at: int = Field(description="When it is removed.")
