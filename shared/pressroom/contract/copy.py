"""Templates, voices, and what is to be written by them, as they travel over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire

CopyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
CopyRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}(@[1-9][0-9]{0,8})?$")]
"""A name, or a name and a version: ``product-title``, ``product-title@3``."""
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Line = Annotated[str, StringConstraints(max_length=300)]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=60)]
ChannelName = Literal[
    "ad_headline",
    "seo_title",
    "email_subject",
    "alt_text",
    "product_title",
    "meta_description",
    "sms",
    "tweet",
    "announcement",
    "report_summary",
    "email_body",
    "letter",
    "press_release",
    "product_description",
    "json",
]


class TemplateVariable(Wire):
    """A value that a row gives. One that is not ``required`` stands in an optional piece of the text."""

    name: VariableName
    type: Literal["text", "number", "choice", "locale", "list"] = "text"
    required: bool = True
    options: tuple[Phrase, ...] = Field((), max_length=100, strict=False, description="Of a choice.")
    unit: str = Field("", max_length=20, description="Of a number: written behind it.")
    description: Line = ""


class TemplateExample(Wire):
    """A row, and what somebody has written into the gaps: the model is shown it as its own work."""

    facts: dict[VariableName, Annotated[str, StringConstraints(max_length=500)]] = Field(max_length=60)
    gaps: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        max_length=20, strict=False
    )


class TemplateRequest(Wire):
    """``PUT /v1/templates/{template}``: a new version of it, unless it is what the newest one says already."""

    channel: ChannelName = Field(description="Where the text is published, and so how long it may be.")
    locale: Locale = Field(description="The language of the text.")
    what: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(
        description="What it is, for the model: `product description`."
    )
    body: Annotated[str, StringConstraints(min_length=1, max_length=10_000)] = Field(
        description="The text: `{{title}}` is a fact, `[[what it is for | 4-10]]` a gap of so many words that the model fills, "
        "`[[how it feels | 3-7 | feels …; looks …; is soft]]` one that begins so, or is that, "
        "`{? … ?}` is left out where a fact in it has no value, `{{> other}}` is another template's text."
    )
    variables: tuple[TemplateVariable, ...] = Field((), max_length=60, strict=False)
    instructions: str = Field("", max_length=2_000, description="What else the model is told.")
    json_schema: dict[str, Any] | None = Field(
        None,
        description="The text is JSON of this schema: facts are escaped in strings, gaps stand in strings, and each result is held against "
        "it. Without references, patterns and formats.",
    )
    examples: tuple[TemplateExample, ...] = Field((), max_length=12, strict=False)


class VersionView(Wire):
    """Which version it is. ``shipped`` ones come with Pressroom, and a template of yours of the same name goes before them."""

    name: str
    version: int
    shipped: bool = False
    created_at: int | None = Field(None, description="Milliseconds since the epoch; null of a shipped one.")


class TemplateView(TemplateRequest, VersionView):
    """A template."""


class TemplateList(Wire):
    """``GET /v1/templates``: the newest version of each, by name."""

    items: tuple[TemplateView, ...]


class VoiceRequest(Wire):
    """``PUT /v1/voices/{voice}``: a new version of it, unless it is what the newest one says already."""

    locale: Locale
    tone: Line = Field("", description="warm, plain, a little dry")
    audience: Line = Field("", description="people who furnish their first flat")
    use: tuple[Phrase, ...] = Field((), max_length=50, strict=False, description="Words that belong to it.")
    avoid: tuple[Phrase, ...] = Field(
        (),
        max_length=50,
        strict=False,
        description="No gap is filled with these words; a text that has several of them in a row has to be looked at.",
    )
    examples: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        (), max_length=5, strict=False, description="Texts that sound as it does."
    )


class VoiceView(VoiceRequest, VersionView):
    """A voice."""


class VoiceList(Wire):
    """``GET /v1/voices``: the newest version of each, by name."""

    items: tuple[VoiceView, ...]


FactValue = Annotated[str, StringConstraints(max_length=20_000)]


class Writing(Wire):
    """What is to be written: a template, the facts of its variables, and whose voice it has.

    A job has the versions that it was accepted for, and what came of them: ``channel``, ``locale`` and
    ``json_schema`` are told, not asked."""

    template: CopyRef
    facts: dict[VariableName, FactValue] = Field(default_factory=dict, max_length=60)
    voice: CopyRef | None = None
    free: bool = Field(
        False,
        description="Gaps as the model likes, without the ways that the template has for them: for a model that writes well by itself.",
    )
    channel: str | None = None
    locale: str | None = None
    json_schema: dict[str, Any] | None = None


class ReviewView(Wire):
    """What is known of a text that was written by a template."""

    rank: int = Field(description="1 is the best of the candidates.")
    score: float = Field(description="Mean log-probability of a token, and how near it is to the facts.")
    likeness: float = Field(description="To the facts, from 0 to 1.")
    needs_review: bool
    findings: tuple[str, ...] = Field(description="What is wrong with it, or has to be looked at.")
