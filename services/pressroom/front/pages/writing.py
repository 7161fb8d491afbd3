"""Have something written by a template: a field for each of its variables, in whose voice, by which model."""

import secrets
from typing import Any

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.copy import TemplateRequest
from pressroom.contract.jobs import JobRequest, ModelCard
from pressroom.domain.errors import (
    Forbidden,
    LanguageUnsupported,
    NotThere,
    PressroomError,
    Refused,
)
from pressroom.front.api.paths import copy_ref_of
from pressroom.front.api.views import model_card
from pressroom.front.auth import go_through
from pressroom.front.errors import status_of
from pressroom.front.pages import copy_shown
from pressroom.front.pages.common import members_only, page_blueprint
from pressroom.front.pages.copy_forms import FACT, FACT_ERRORS, Wrong, check_form, facts_in
from pressroom.jobs.copy_ports import KeptCopy
from pressroom.jobs.copy_preview import Preview
from pressroom.jobs.copywriting import CANDIDATES, check_language

_FIELDS = ("model", "voice", "n")


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/templates/<template>/write``."""
    pages = page_blueprint("writing_pages", __name__)
    members_only(parts, pages)

    @pages.get("/templates/<template>/write")
    def write_page(template: str) -> ResponseReturnValue:
        return _form(parts, parts.copywriter.template(g.tenant, copy_ref_of(template, "template")))

    @pages.post("/templates/<template>/write")
    def write_form(template: str) -> ResponseReturnValue:
        """The form has a key of its own: sent twice, it is one job."""
        reference = copy_ref_of(template, "template")
        kept = parts.copywriter.template(g.tenant, reference)
        wrong: Wrong = {}
        try:
            go_through(parts.turnstile)
            check_form(request.form.to_dict())
            if request.form.get("do") == "preview":
                return _form(parts, kept, seen=_seen(parts, kept))
            asked, key = _asked(reference, kept), request.form.get("key") or None
            g.submitted = submitted = parts.submitter.submit(g.tenant, asked, key, g.request_id, g.by)
        except ValidationError as error:
            wrong |= {_field(each["loc"]): f"{each['msg']}." for each in error.errors(include_url=False)}
            return _form(parts, kept, wrong, 422)
        except (Refused, Forbidden, NotThere) as error:
            wrong[_field_of(error)] = error.message
            return _form(parts, kept, wrong, status_of(error))
        return redirect(url_for("desk.job_page", job_id=submitted.job.id), 303)

    return pages


def _seen(parts: FrontParts, kept: KeptCopy) -> Preview:
    """What stands fast with these values. Raises TemplateInvalid, FactMissing, FactInvalid, FactsTooLong."""
    return parts.copywriter.preview(
        g.tenant, kept.name, TemplateRequest.model_validate(kept.body), _facts(kept)
    )


def _asked(reference: str, kept: KeptCopy) -> JobRequest:
    """The request that the form stands for; empty fields are left to the defaults. Raises ValidationError."""
    form = request.form
    writing: dict[str, Any] = {"template": reference, "facts": _facts(kept)}
    if voice := form.get("voice"):
        writing["voice"] = voice
    if form.get("free"):
        writing["free"] = True
    params: dict[str, Any] = {}
    if n := form.get("n", "").strip():
        # What is no number stands as it is: the params' own check says what is wrong with it.
        params["n"] = int(n) if n.isascii() and n.isdecimal() and len(n) < 5 else n
    given = {"model": form.get("model", ""), "input": {"writing": writing}, "params": params}
    return JobRequest.model_validate(given)


def _facts(kept: KeptCopy) -> dict[str, str]:
    """Of the template's variables; a field that it has no more, since somebody changed it, is left out."""
    known = {each["name"] for each in kept.body["variables"]}
    return {name: value for name, value in facts_in(request.form.to_dict()).items() if name in known}


def _field_of(error: PressroomError) -> str:
    if isinstance(error, FACT_ERRORS):
        return f"{FACT}{error.field}"
    return _field(tuple((error.field or "").split(".")))


def _field(place: tuple[int | str, ...]) -> str:
    """The field of the form that a place in the request comes from; ``""`` is none."""
    last = str(place[-1])
    if place[-2:-1] in (("facts",), ("fact",)):
        return f"{FACT}{last}"
    return last if last in _FIELDS else ""


def _writers(parts: FrontParts, locale: str) -> list[ModelCard]:
    """Text models that speak the language; what can be had now comes first."""
    live = parts.store.live_models()
    found = []
    for manifest in parts.catalog.seen_by(g.tenant):
        try:
            check_language(manifest, locale)
        except LanguageUnsupported:
            continue
        if manifest.kind == "text":
            found.append(model_card(manifest, live))
    return sorted(found, key=lambda card: (not card.live_workers, not card.chat))


def _form(
    parts: FrontParts,
    kept: KeptCopy,
    wrong: Wrong | None = None,
    status: int = 200,
    seen: Preview | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "template_write.html",
        template=copy_shown.shown(kept),
        reference=f"{kept.name}@{kept.version}",
        writers=_writers(parts, str(kept.body["locale"])),
        voices=parts.copywriter.voices(g.tenant),
        candidates=CANDIDATES,
        wrong=wrong or {},
        seen=seen,
        form=request.form,
        key=f"form_{secrets.token_urlsafe(16)}",
    )
    return page, status
