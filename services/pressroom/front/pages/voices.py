"""Voices for people: how a brand speaks, what it says and what it never says."""

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import Refused, VoiceUnknown
from pressroom.front.api.paths import copy_ref_of
from pressroom.front.auth import go_through
from pressroom.front.errors import status_of
from pressroom.front.pages.common import members_only, page_blueprint
from pressroom.front.pages.copy_forms import (
    VOICE_FIELDS,
    Wrong,
    check_form,
    name_in,
    note,
    sent_fields,
    voice_fields,
    voice_in,
)
from pressroom.front.pages.copy_shown import versions_of
from pressroom.jobs.copy_ports import KeptCopy


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/voices``."""
    pages = page_blueprint("voice_pages", __name__)
    members_only(parts, pages)

    @pages.get("/voices")
    def voices_page() -> ResponseReturnValue:
        return render_template("voices.html", voices=parts.copywriter.voices(g.tenant))

    @pages.get("/new-voice")
    def new_page() -> ResponseReturnValue:
        return _form(None, voice_fields("", {"locale": "en"}), {})

    @pages.post("/voices")
    def new_form() -> ResponseReturnValue:
        return _sent(parts, None)

    @pages.get("/voices/<voice>")
    def voice_page(voice: str) -> ResponseReturnValue:
        kept = parts.copywriter.voice(g.tenant, copy_ref_of(voice, "voice"))
        newest = parts.copywriter.voice(g.tenant, kept.name)
        return render_template("voice.html", voice=kept, newest=newest, versions=versions_of(newest))

    @pages.get("/voices/<voice>/edit")
    def edit_page(voice: str) -> ResponseReturnValue:
        """Of an old version too: what is kept is the newest then."""
        kept = parts.copywriter.voice(g.tenant, copy_ref_of(voice, "voice"))
        return _form(kept, voice_fields(kept.name, kept.body), {})

    @pages.post("/voices/<voice>/edit")
    def edit_form(voice: str) -> ResponseReturnValue:
        return _sent(parts, parts.copywriter.voice(g.tenant, copy_ref_of(voice, "voice")))

    @pages.post("/voices/<voice>/remove")
    def remove_form(voice: str) -> ResponseReturnValue:
        kept = parts.copywriter.voice(g.tenant, copy_ref_of(voice, "voice"))
        parts.copywriter.remove_voice(g.tenant, kept.name)
        return redirect(url_for("voice_pages.voices_page"), 303)

    return pages


def _sent(parts: FrontParts, kept: KeptCopy | None) -> ResponseReturnValue:
    form, wrong = request.form.to_dict(), Wrong()
    try:
        go_through(parts.turnstile)
        check_form(form)
    except Refused as error:
        note(error, VOICE_FIELDS, wrong)
        return _form(kept, sent_fields(form, VOICE_FIELDS), wrong, status_of(error))
    name = name_in(form, wrong)
    asked = voice_in(form, wrong)
    if name:
        _check_name(parts, kept, name, wrong)
    if asked is not None and not wrong:
        try:
            made = parts.copywriter.keep_voice(g.tenant, name, asked)
        except Refused as error:
            note(error, VOICE_FIELDS, wrong)
        else:
            return redirect(url_for("voice_pages.voice_page", voice=made.name), 303)
    return _form(kept, sent_fields(form, VOICE_FIELDS), wrong)


def _check_name(parts: FrontParts, kept: KeptCopy | None, name: str, wrong: Wrong) -> None:
    """A voice of another name is not written over by a form that was opened for this one."""
    if kept is not None and kept.name == name:
        return
    try:
        parts.copywriter.voice(g.tenant, name)
    except VoiceUnknown:
        return
    wrong["name"] = f"You have a voice {name} already: edit that one, or choose another name."


def _form(
    kept: KeptCopy | None, fields: dict[str, str], wrong: Wrong, status: int | None = None
) -> ResponseReturnValue:
    page = render_template("voice_edit.html", kept=kept, fields=fields, wrong=wrong)
    return page, status or (422 if wrong else 200)
