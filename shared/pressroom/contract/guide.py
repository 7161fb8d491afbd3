"""What form a text must have: a JSON schema, a regular expression, one of some choices, or texts with gaps between."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from pressroom.contract.base import Wire

Choice = Annotated[str, StringConstraints(min_length=1, max_length=200)]

# Words: nothing in them means something to an expression.
Way = Annotated[str, StringConstraints(max_length=200, pattern=r"^\p{L}[\p{L}\-,'’ ，、]*…?$")]


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


class LockedText(Wire):
    """What stands fast, letter by letter."""

    text: str = Field(min_length=1, max_length=20_000)


class LockedGap(Wire):
    """What is written between: words of small letters, with single spaces, commas, hyphens and apostrophes; no digits."""

    fewest: int = Field(ge=1, le=200, description="Words; signs where a script has no spaces.")
    most: int = Field(ge=1, le=200)
    chars: int = Field(ge=1, le=5_000, description="Most characters, spaces included.")
    large: bool = Field(False, description="Whether it begins with a capital letter.")
    ways: tuple[Way, ...] = Field(
        (),
        max_length=60,
        strict=False,
        description="How it begins, where one ends with an ellipsis, or what it is. Empty: as the model likes.",
    )


class LockedGuide(Wire):
    """Texts that stand fast, and gaps between them: a fact cannot be told wrongly, and no number be made up."""

    type: Literal["locked"]
    parts: tuple[LockedText | LockedGap, ...] = Field(min_length=1, max_length=400, strict=False)
    letters: Literal["ascii", "latin", "han"] = Field(
        "latin", description="What gaps are written in; `han` has no spaces."
    )
    forbidden: tuple[Annotated[str, StringConstraints(min_length=1, max_length=60)], ...] = Field(
        (),
        max_length=200,
        strict=False,
        description="Words that no gap has, in any case, also not as a plural or, from four letters on, at the beginning of another word. Several in a row are not in the grammar: a text that has them is found afterwards.",
    )
    not_last: tuple[Annotated[str, StringConstraints(min_length=1, max_length=40)], ...] = Field(
        (), max_length=200, strict=False, description="Words that no gap ends with: `of`, `the`."
    )


Guide = Annotated[JsonGuide | RegexGuide | ChoiceGuide | LockedGuide, Field(discriminator="type")]
AnyGuide = JsonGuide | RegexGuide | ChoiceGuide | LockedGuide
