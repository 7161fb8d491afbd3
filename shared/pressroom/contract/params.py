"""What a client may ask of a generation, with bounds and defaults.

A stored job holds these *resolved*: every field set, the seed drawn. The engines read the same
objects, so that a parameter has one name from the request to the sampler.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pressroom.contract.base import Wire
from pressroom.contract.guide import Guide
from pressroom.contract.pictures import Operation

# The largest integer that every JSON reader keeps exact (2**53 - 1).
MAX_SEED = 9_007_199_254_740_991

# Of one job: some megabytes.
MOST_LOGPROBS = 50_000

Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
TokenId = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,6})$")]
Bias = Annotated[float, Field(ge=-100, le=100)]
StopString = Annotated[str, StringConstraints(min_length=1, max_length=64)]
ImageFormat = Literal["png", "webp", "svg"]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class TextParams(Wire):
    """Sampling of a text job."""

    max_tokens: int = Field(160, ge=1, le=4096, description="Most tokens an output may have.")
    temperature: float = Field(0.7, ge=0, le=2, description="0 is greedy.")
    top_p: float = Field(0.92, gt=0, le=1, description="Nucleus: the smallest set of tokens with this mass.")
    top_k: int = Field(40, ge=0, le=1000, description="Keep the k likeliest tokens; 0 keeps all.")
    min_p: float = Field(
        0, ge=0, le=1, description="Keep tokens at least this share as likely as the likeliest; 0 keeps all."
    )
    repetition_penalty: float = Field(
        1.1, ge=0.5, le=2, description="Divides the logit of each token already seen; 1 is off."
    )
    presence_penalty: float = Field(
        0, ge=-2, le=2, description="Taken from the logit of each token that the output has."
    )
    frequency_penalty: float = Field(
        0, ge=-2, le=2, description="Taken from the logit of a token as often as the output has it."
    )
    logit_bias: dict[TokenId, Bias] = Field(
        default_factory=dict,
        max_length=300,
        description="Added to the logits of these tokens, by their number in the model's vocabulary.",
    )
    min_tokens: int = Field(
        0, ge=0, le=4096, description="The model's own end is not taken before so many tokens."
    )
    seed: Seed | None = Field(None, description="Same seed, same text. Drawn and reported when absent.")
    stop: tuple[StopString, ...] = Field(
        (), max_length=4, strict=False, description="Generation ends before the first of these strings."
    )
    max_chars: int | None = Field(
        None,
        ge=1,
        le=20_000,
        description="Most characters an output may have. One that would have more ends with its last whole "
        "sentence, or word; its stream comes by sentences.",
    )
    guide: Guide | None = Field(
        None,
        description="The form of the text. One that is cut by `max_tokens` (`finish_reason` is `length`) "
        "is only the beginning of it.",
    )
    n: int = Field(1, ge=1, le=8, description="How many texts to write from one prompt.")
    logprobs: int | None = Field(
        None,
        ge=0,
        le=20,
        description="Report each token's log-probability, and as many of the likeliest tokens in its place. "
        f"All together at most {MOST_LOGPROBS:,}: (logprobs + 1) times max_tokens times n.",
    )

    @model_validator(mode="after")
    def _one_bound_of_the_form(self) -> Self:
        if self.guide is not None and self.max_chars is not None:
            raise ValueError("max_chars would cut what guide asks for: bound the length in the guide")
        return self

    @model_validator(mode="after")
    def _not_too_many_logprobs(self) -> Self:
        if self.logprobs is None or (self.logprobs + 1) * self.max_tokens * self.n <= MOST_LOGPROBS:
            return self
        raise ValueError(f"more than {MOST_LOGPROBS:,} log-probabilities: ask for fewer, or for fewer tokens")


class ImageParams(Wire):
    """What is to be drawn, and how. Each operation has its own parameters; those of others are refused."""

    operation: Operation = Field(
        "sample",
        description="`sample`: new pictures. `reconstruct`: the picture as the model sees it. `variation`: pictures like it. "
        "`interpolate`: `n` pictures on the way from one to another. `edit`: more or less of an attribute. `inpaint`: "
        "what the mask shows is painted anew. `upscale`: the picture larger. `icon`: drawings found by words.",
    )
    label: str | None = Field(None, max_length=64, description="A class of the model; any class when absent.")
    n: int = Field(1, ge=1, le=256, description="How many pictures.")
    seed: Seed | None = Field(None, description="Same seed, same pictures. Drawn and reported when absent.")
    guidance: float = Field(
        1.0,
        ge=0,
        le=4,
        description="Of samples: how far to lean towards the class. 0 ignores it, 1 is the model's own.",
    )
    truncation: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Of samples: by what their noise is multiplied. Less is more typical and less varied.",
    )
    strength: float = Field(
        0.5,
        ge=-4,
        le=4,
        description="Of a variation, from 0 (the very pixels of the original) to 1; of an edit, how many standard deviations "
        "of the attribute, where a negative number takes away.",
    )
    attribute: str | None = Field(
        None, max_length=64, description="Of an edit: one of the model's `attributes`."
    )
    colour: Colour | None = Field(None, description="Of icons that have no colours of their own: `#rrggbb`.")
    size: int | None = Field(None, ge=8, le=2048, description="Of icons: pixels a side. [default: 256]")
    scale: int = Field(
        4,
        ge=1,
        le=16,
        description="Whole-number magnification of the model's pixels. Variations, edits and inpainted pictures keep the size "
        "of their original, upscaled ones have the model's.",
    )
    sheet: bool = Field(False, description="All pictures in one, in rows: a contact sheet.")
    format: ImageFormat = Field("png", description="File format of the outputs; `svg` for icons.")


class ReadingParams(Wire):
    """How texts are read by a model that tells numbers of them: an embedding or a moderation."""

    cut: bool = Field(
        False,
        description="Read only the beginning of a text that is longer than the model reads; without it such a job fails.",
    )


Params = TextParams | ImageParams | ReadingParams
"""Of a job, by the kind of its model."""
