"""Templates for people: read them with their facts and gaps marked, make one your own, look at it before it is kept."""

from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.copy import TemplateExample, TemplateRequest
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import FactMissing
from pressroom.domain.errors import InputInvalid, Refused, TemplateUnknown
from pressroom.front.api.paths import copy_ref_of
from pressroom.front.api.queries import Query
from pressroom.front.auth import go_through
from pressroom.front.errors import status_of
from pressroom.front.pages import copy_shown
from pressroom.front.pages.common import members_only, page_blueprint
from pressroom.front.pages.copy_forms import (
    FACT,
    FACT_ERRORS,
    TEMPLATE_FIELDS,
    Wrong,
    check_form,
    facts_in,
    name_in,
    note,
    sent_fields,
    template_fields,
    template_in,
)
from pressroom.jobs.copy_ports import KeptCopy
from pressroom.jobs.copy_preview import Preview

_NEW: dict[str, Any] = {
    "locale": "en",
    "body": "{{title}} [[what it is for | 3-8]].",
    "variables": [{"name": "title"}],
}
"""What the form of a new one begins with."""


class TemplatesQuery(Query):
    """``/templates``."""

    language: str | None = Field(None, min_length=2, max_length=8)


@dataclass(slots=True)
class Draft:
    """A template in its form: the fields as they stand, the values that it is looked at with, and what was found."""

    fields: dict[str, str]
    facts: dict[str, str]
    wrong: Wrong
    asked: TemplateRequest | None = None
    seen: Preview | None = None
    status: int = 200


def _words() -> dict[str, object]:
    """What the templates of these pages know besides."""
    return {
        "channel_words": copy_shown.channel_words,
        "limit_words": copy_shown.limit_words,
        "counted_words": copy_shown.counted_words,
        "language_words": copy_shown.language_words,
        "gap_words": copy_shown.gap_words,
    }


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/templates``."""
    pages = page_blueprint("template_pages", __name__)
    members_only(parts, pages)
    pages.app_context_processor(_words)

    @pages.get("/templates")
    @pages.input(TemplatesQuery, location="query")
    def templates_page(query_data: TemplatesQuery) -> ResponseReturnValue:
        found = parts.copywriter.templates(g.tenant)
        language = query_data.language
        wanted = [each for each in found if language in (None, *copy_shown.languages_of([each]))]
        return render_template(
            "templates.html",
            families=copy_shown.by_family(wanted),
            languages=copy_shown.languages_of(found),
            language=language,
        )

    @pages.get("/new-template")
    def new_page() -> ResponseReturnValue:
        return _form(parts, None, Draft(template_fields("", _NEW), {}, {}))

    @pages.post("/templates")
    def new_form() -> ResponseReturnValue:
        return _sent(parts, None)

    @pages.get("/templates/<template>")
    def template_page(template: str) -> ResponseReturnValue:
        kept = parts.copywriter.template(g.tenant, copy_ref_of(template, "template"))
        return _page(parts, kept)

    @pages.get("/templates/<template>/edit")
    def edit_page(template: str) -> ResponseReturnValue:
        """Of an old version too: what is kept is the newest then."""
        kept = parts.copywriter.template(g.tenant, copy_ref_of(template, "template"))
        draft = Draft(
            template_fields(kept.name, kept.body), {}, {}, TemplateRequest.model_validate(kept.body)
        )
        _look(parts, kept.name, draft, 0)
        draft.wrong.clear()  # it was kept so; what has become of it since is said when somebody asks
        return _form(parts, kept, draft)

    @pages.post("/templates/<template>/edit")
    def edit_form(template: str) -> ResponseReturnValue:
        return _sent(parts, parts.copywriter.template(g.tenant, copy_ref_of(template, "template")))

    @pages.post("/templates/<template>/remove")
    def remove_form(template: str) -> ResponseReturnValue:
        kept = parts.copywriter.template(g.tenant, copy_ref_of(template, "template"))
        parts.copywriter.remove_template(g.tenant, kept.name)
        return redirect(url_for("template_pages.templates_page"), 303)

    return pages


def _page(parts: FrontParts, kept: KeptCopy) -> ResponseReturnValue:
    asked = TemplateRequest.model_validate(kept.body)
    newest = parts.copywriter.template(g.tenant, kept.name)
    return render_template(
        "template.html",
        template=copy_shown.shown(kept),
        newest=newest,
        versions=copy_shown.versions_of(newest),
        examples=[_example(parts, kept.name, asked, each) for each in asked.examples],
    )


def _example(parts: FrontParts, name: str, asked: TemplateRequest, example: TemplateExample) -> Preview | str:
    """As it reads; or why it does not any more, since a template that it includes has changed."""
    try:
        return parts.copywriter.preview(g.tenant, name, asked, example.facts, example.gaps)
    except Refused as error:
        return error.message


def _sent(parts: FrontParts, kept: KeptCopy | None) -> ResponseReturnValue:
    """A form that was sent: to be looked at, or to be kept."""
    form, wrong = request.form.to_dict(), Wrong()
    try:
        go_through(parts.turnstile)
        check_form(form)
    except Refused as error:
        note(error, TEMPLATE_FIELDS, wrong)
        return _form(
            parts, kept, Draft(sent_fields(form, TEMPLATE_FIELDS), {}, wrong, status=status_of(error))
        )
    do = form.get("do", "")
    name = name_in(form, wrong) if do == "save" or form.get("name") else ""
    asked = template_in(form, {} if kept is None else kept.body, wrong)
    draft = Draft(sent_fields(form, TEMPLATE_FIELDS), facts_in(form), wrong, asked)
    if do == "save" and name:
        _check_name(parts, kept, name, wrong)
    if do == "save" and not wrong and asked is not None:
        try:
            made = parts.copywriter.keep_template(g.tenant, name, asked)
        except Refused as error:
            note(error, TEMPLATE_FIELDS, wrong, asked.body)
        else:
            return redirect(url_for("template_pages.template_page", template=made.name), 303)
    else:
        chosen = do.removeprefix("example-")
        _look(parts, name or "draft", draft, int(chosen) if chosen.isascii() and chosen.isdecimal() else None)
    draft.status = 422 if wrong else 200
    return _form(parts, kept, draft)


def _check_name(parts: FrontParts, kept: KeptCopy | None, name: str, wrong: Wrong) -> None:
    """One's own template of another name is not written over by a form that was opened for this one."""
    if kept is not None and kept.name == name:
        return
    try:
        other = parts.copywriter.template(g.tenant, name)
    except TemplateUnknown:
        return
    if other.created_at is not None:
        wrong["name"] = f"You have a template {name} already: edit that one, or choose another name."


def _look(parts: FrontParts, name: str, draft: Draft, example: int | None) -> None:
    """Fill the draft with an example's row, or with the values that it has; with neither it is shown as it is written."""
    asked = draft.asked
    if asked is None:
        return
    examples = asked.examples
    if example is None and not draft.facts:
        example = 0
    if example is not None and example < len(examples):
        draft.facts = dict(examples[example].facts)
    gaps = next((each.gaps for each in examples if _same(each.facts, draft.facts)), ())
    try:
        draft.seen = parts.copywriter.preview(g.tenant, name, asked, draft.facts, gaps)
    except InputInvalid as error:
        if draft.facts or not isinstance(error, FactMissing):
            _note_look(error, draft, asked)


def _note_look(error: InputInvalid, draft: Draft, asked: TemplateRequest) -> None:
    if isinstance(error, FACT_ERRORS):
        draft.wrong[f"{FACT}{error.field}"] = error.message
    else:
        note(error, TEMPLATE_FIELDS, draft.wrong, asked.body)


def _same(one: Any, other: Any) -> bool:
    """Whether two rows have the same values; empty ones are none."""
    return bool({name: value for name, value in one.items() if value} == other)


def _form(parts: FrontParts, kept: KeptCopy | None, draft: Draft) -> ResponseReturnValue:
    asked = draft.asked
    page = render_template(
        "template_edit.html",
        kept=kept,
        draft=draft,
        marks=copy_shown.marks_of(draft.fields["body"]),
        variables=() if asked is None else asked.variables,
        examples=0 if asked is None else len(asked.examples),
        channels=[
            (name, [each for each in channels if each in CHANNELS]) for name, channels in copy_shown.FAMILIES
        ],
    )
    return page, draft.status
