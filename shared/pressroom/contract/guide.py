"""What form a text must have: a JSON schema, a regular expression, or one of some choices."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from pressroom.contract.base import Wire

Choice = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class JsonGuide(Wire):
    """The text is JSON of this schema, written on one line."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    type: Literal["json"]
    schema_: dict[str, Any] = Field(
        alias="schema",
        description="JSON Schema; what cannot be guaranteed (e.g. an unknown format) is refused.",
    )


class RegexGuide(Wire):
    """The whole text matches this expression."""

    type: Literal["regex"]
    pattern: str = Field(
        min_length=1, max_length=4000, description="Without look-around and back-references."
    )


class ChoiceGuide(Wire):
    """The text is one of these."""

    type: Literal["choice"]
    choices: tuple[Choice, ...] = Field(min_length=1, max_length=200, strict=False)


Guide = Annotated[JsonGuide | RegexGuide | ChoiceGuide, Field(discriminator="type")]
AnyGuide = JsonGuide | RegexGuide | ChoiceGuide
