"""How every wire shape behaves: unknown fields refused, no silent coercion, immutable."""

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Base of all wire shapes.

    Unknown fields are an error, numbers must be finite, and ``"3"`` is not ``3``: a client
    hears about a mistake at once instead of finding it in a result.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, ser_json_inf_nan="null"
    )
