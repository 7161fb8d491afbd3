"""What OpenAI's clients send to ``/embeddings`` and ``/moderations``."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from pressroom.contract.base import Wire
from pressroom.contract.jobs import MOST_TEXTS
from pressroom.front.dialects.openai.shapes import Asked, Inert

Text = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1, max_length=MOST_TEXTS, strict=False)]
Ids = Annotated[tuple[int, ...], Field(min_length=1, strict=False)]


class EmbeddingsRequest(Asked):
    """``POST /embeddings``. ``cut`` is Pressroom's own: read the beginning of a text that is too long."""

    input: Text | Texts | Ids | Annotated[tuple[Ids, ...], Field(min_length=1, strict=False)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)
    cut: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """All of them; empty where numbers of tokens were sent instead."""
        if isinstance(self.input, str):
            return (self.input,)
        return tuple(each for each in self.input if isinstance(each, str))


class ModeratedPart(Wire):
    """A piece of what is moderated together."""

    type: Literal["text", "image_url"]
    text: Text | None = None
    image_url: Inert = None

    @model_validator(mode="after")
    def _has_what_it_says(self) -> "ModeratedPart":
        if self.type == "text" and self.text is None:
            raise ValueError("a part of the type text has a text")
        return self


class ModerationRequest(Wire):
    """``POST /moderations``: a text, several, or parts that are one. Without ``model`` the first one there is."""

    input: Text | Texts | Annotated[tuple[ModeratedPart, ...], Field(min_length=1, strict=False)]
    model: str | None = Field(None, min_length=1, max_length=129)

    @property
    def texts(self) -> tuple[str, ...]:
        """What gets a result each."""
        if isinstance(self.input, str):
            return (self.input,)
        parts = [each for each in self.input if isinstance(each, ModeratedPart)]
        if parts:
            return ("\n".join(part.text for part in parts if part.text is not None),)
        return tuple(each for each in self.input if isinstance(each, str))

    @property
    def has_pictures(self) -> bool:
        return not isinstance(self.input, str) and any(
            isinstance(each, ModeratedPart) and each.type == "image_url" for each in self.input
        )
