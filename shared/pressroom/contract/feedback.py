"""Feedback: what people think of what was made."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pressroom.contract.base import Wire

MOST_COMMENT, MOST_TEXT = 4_000, 100_000

Decision = Literal["approved", "rejected"]
Position = Annotated[int, Field(ge=0, le=10_000)]


class FeedbackRequest(Wire):
    """What you think of a job's outputs: a rating, the one that you chose, or the text as it should have been."""

    rating: int | None = Field(None, ge=1, le=5, description="From 1, useless, to 5, as wished.")
    output: Position = Field(0, description="Number of the output that rating and edit are about.")
    chosen: Position | None = Field(
        None,
        description="Number of the output that you took, where there are several; the others were not taken.",
    )
    edited: str | None = Field(
        None, min_length=1, max_length=MOST_TEXT, description="The output's text as you have published it."
    )
    comment: str | None = Field(None, min_length=1, max_length=MOST_COMMENT, description="For people.")
    decision: Decision | None = Field(
        None,
        description="Whether the output may be published, as it is or as `edited`. The newest decision of a job holds.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = (self.rating, self.chosen, self.edited, self.comment, self.decision)
        if all(each is None for each in said):
            raise ValueError("give a rating, the chosen output, an edited text, a comment or a decision")
        return self


class FeedbackModel(Wire):
    """The model that made it, as it was then."""

    name: str
    version: str
    sha256: str


class FeedbackView(Wire):
    """One feedback. It goes with its job: erased, or its results past their time, it is gone, too."""

    id: str
    job_id: str
    created_at: int
    output: int
    rating: int | None
    chosen: int | None
    edited: str | None
    comment: str | None
    decision: Decision | None = None
    model: FeedbackModel
    seed: int | None = Field(
        description="Of the job: with the model and its params it makes the output again."
    )


class FeedbackPage(Wire):
    """A page, newest first; of one job, the oldest first."""

    items: tuple[FeedbackView, ...]
    next: str | None = Field(description="Cursor of the page behind; null: this is the last.")
