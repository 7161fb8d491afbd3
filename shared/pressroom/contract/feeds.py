"""Product feeds, as they travel over HTTP: what is to be made of each row, and what came of it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pressroom.contract.base import Wire
from pressroom.contract.batches import BatchCountsView
from pressroom.contract.copy import CopyRef, VariableName
from pressroom.contract.feedback import Decision
from pressroom.contract.jobs import CampaignName, JobError, ModelRef
from pressroom.contract.params import Colour, ImageFormat

# Somebody looks at all of them and takes one.
MOST_PICTURES = 16

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Preset = Literal["plain", "shopify", "google", "wordpress"]
PieceState = Literal[
    "waiting",
    "refused",
    "queued",
    "running",
    "failed",
    "canceled",
    "expired",
    "ready",
    "needs_review",
    "approved",
    "rejected",
]


class FeedPicture(Wire):
    """A picture for a row: an icon that is found by the words of some columns, or a class of a picture model; several to choose from,
    or all of them on one sheet."""

    words: tuple[ColumnName, ...] | None = Field(
        None, min_length=1, max_length=5, strict=False, description="Columns whose words an icon is found by."
    )
    label: ColumnName | None = Field(
        None,
        description="The column that names a class of the model; large or small letters, spaces and strokes make no difference.",
    )
    colour: Colour | None = Field(None, description="Of an icon that has none of its own: your brand's.")
    size: int | None = Field(None, ge=8, le=2048, description="Pixels a side, of an icon.")
    n: int = Field(
        1,
        ge=1,
        le=MOST_PICTURES,
        description="How many of each row: one is taken, or all stand on its sheet.",
    )
    sheet: bool = Field(False, description="All of a row's on one contact sheet.")
    format: ImageFormat | None = Field(None, description="`svg` for icons. [default: `png`]")
    model: ModelRef | None = Field(
        None, description="[default: `icons` for words; `vae-fashion` for a label]"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.words is None) == (self.label is None):
            raise ValueError("give either words or label")
        return self


class FeedOutput(Wire):
    """One thing that is made of each row: copy by a template, or a picture; and the column that it goes out in."""

    template: CopyRef | None = None
    picture: FeedPicture | None = None
    column: ColumnName | None = Field(
        None, description="Of the export. [default: the preset's for this template, else the template's name]"
    )
    facts: dict[VariableName, ColumnName] = Field(
        default_factory=dict,
        max_length=60,
        description="Which column a variable is filled from. [default: the one of its name, or one that the preset knows]",
    )
    voice: CopyRef | None = None
    free: bool = Field(
        False, description="Gaps as the model likes, without the ways that the template has for them."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.template is None) == (self.picture is None):
            raise ValueError("give either template or picture")
        return self


class FeedPlan(Wire):
    """What is to be made of a feed."""

    outputs: tuple[FeedOutput, ...] = Field(min_length=1, max_length=8, strict=False)
    preset: Preset = Field("plain", description="Whose columns these are: it knows their names.")
    key: ColumnName | None = Field(
        None, description="The column that names a row. [default: the preset's, else the first]"
    )
    model: ModelRef | None = Field(None, description="The text model. [default: the first one]")
    voice: CopyRef | None = Field(None, description="Of outputs that name none.")
    params: dict[str, Any] = Field(
        default_factory=dict, description="Of the text jobs: `n`, `seed`, `temperature`, …"
    )
    campaign: CampaignName | None = None


class FeedView(Wire):
    """A feed. It is a batch: cancel, retry and erase it there, by the same id."""

    id: str
    status: Literal["receiving", "running", "finished", "canceled"]
    plan: FeedPlan
    key: str
    columns: tuple[str, ...] = Field(description="Of the export, behind the key.")
    pieces: int = Field(description="Outputs of all rows together.")
    counts: BatchCountsView
    created_at: int
    finished_at: int | None = None


class PieceView(Wire):
    """An output of a row."""

    n: int = Field(description="Of all pieces, from 1: what decisions are about.")
    row: int
    key: str
    column: str
    status: PieceState
    job_id: str | None = None
    output: int | None = Field(None, description="The one of the job's outputs that is taken.")
    outputs: int = Field(0, description="How many the job has: another one is `chosen` in feedback.")
    text: str | None = None
    url: str | None = Field(None, description="Of its bytes.")
    label: str | None = Field(
        None, description="What a picture is: the set of an icon and its name there, or the class."
    )
    origin: Literal["generated", "retrieved"] | None = Field(
        None, description="Of a picture, as of an output."
    )
    findings: tuple[str, ...] = ()
    error: JobError | None = None


class PiecePage(Wire):
    """``GET /v1/feeds/{id}/pieces``. Pass ``next`` as ``cursor`` for the following page."""

    items: tuple[PieceView, ...]
    next: str | None = None


class DecisionRequest(Wire):
    """``POST /v1/feeds/{id}/decisions``: of some pieces, or of all that are ready."""

    decision: Decision
    pieces: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        None, min_length=1, max_length=500, strict=False
    )
    all_ready: bool = Field(
        False, description="All that are done, have no finding, and about which nothing is decided."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.pieces is None) == (not self.all_ready):
            raise ValueError("give either pieces or all_ready")
        return self


class Decided(Wire):
    """How many pieces were decided about; the others have nothing that could be published, or are not there."""

    decided: int
