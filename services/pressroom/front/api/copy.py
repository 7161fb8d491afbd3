"""Templates and voices: what copy is written by. Each change is a version; jobs name the one that they were accepted for."""

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.copy import (
    TemplateList,
    TemplateRequest,
    TemplateView,
    VoiceList,
    VoiceRequest,
    VoiceView,
)
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import header_docs, problems
from pressroom.front.api.paths import copy_name_of, copy_ref_of
from pressroom.jobs.copy_ports import KeptCopy

_REMOVED = {"description": "Removed.", "headers": header_docs()}


def templates(parts: FrontParts) -> APIBlueprint:
    """``/v1/templates``."""
    made = APIBlueprint("templates", __name__, url_prefix="/v1/templates", tag="Copy")

    @made.get("")
    @made.output(TemplateList)
    @made.doc(operation_id="listTemplates", responses=problems())
    def list_templates() -> Response:
        """List templates

        Yours, and those that come with Pressroom; the newest version of each."""
        found = parts.copywriter.templates(g.tenant)
        return wire_response(TemplateList(items=tuple(map(template_view, found))))

    @made.get("/<template>")
    @made.output(TemplateView)
    @made.doc(operation_id="getTemplate", responses=problems(404))
    def get_template(template: str) -> Response:
        """Look at a template

        By its name, or by name and version: `product-title@3`."""
        return wire_response(
            template_view(parts.copywriter.template(g.tenant, copy_ref_of(template, "template")))
        )

    @made.put("/<template>")
    @made.input(TemplateRequest)
    @made.output(TemplateView)
    @made.doc(operation_id="setTemplate", responses=problems(413, 415))
    def set_template(template: str, json_data: TemplateRequest) -> Response:
        """Make a template, or a new version of it

        Its text is read and held against its variables first. Jobs that were accepted keep the version that they have."""
        name = copy_name_of(template, "template")
        return wire_response(template_view(parts.copywriter.keep_template(g.tenant, name, json_data)))

    @made.delete("/<template>")
    @made.doc(operation_id="removeTemplate", responses={204: _REMOVED, **problems(404, 413)})
    def remove_template(template: str) -> Response:
        """Remove a template

        All its versions. Of one that comes with Pressroom, yours goes, and that one is there again."""
        parts.copywriter.remove_template(g.tenant, copy_name_of(template, "template"))
        return Response(status=204)

    return made


def voices(parts: FrontParts) -> APIBlueprint:
    """``/v1/voices``."""
    made = APIBlueprint("voices", __name__, url_prefix="/v1/voices", tag="Copy")

    @made.get("")
    @made.output(VoiceList)
    @made.doc(operation_id="listVoices", responses=problems())
    def list_voices() -> Response:
        """List voices"""
        found = parts.copywriter.voices(g.tenant)
        return wire_response(VoiceList(items=tuple(map(voice_view, found))))

    @made.get("/<voice>")
    @made.output(VoiceView)
    @made.doc(operation_id="getVoice", responses=problems(404))
    def get_voice(voice: str) -> Response:
        """Look at a voice

        By its name, or by name and version: `house@2`."""
        return wire_response(voice_view(parts.copywriter.voice(g.tenant, copy_ref_of(voice, "voice"))))

    @made.put("/<voice>")
    @made.input(VoiceRequest)
    @made.output(VoiceView)
    @made.doc(operation_id="setVoice", responses=problems(413, 415))
    def set_voice(voice: str, json_data: VoiceRequest) -> Response:
        """Make a voice, or a new version of it"""
        name = copy_name_of(voice, "voice")
        return wire_response(voice_view(parts.copywriter.keep_voice(g.tenant, name, json_data)))

    @made.delete("/<voice>")
    @made.doc(operation_id="removeVoice", responses={204: _REMOVED, **problems(404, 413)})
    def remove_voice(voice: str) -> Response:
        """Remove a voice

        All its versions. What is accepted already is written in it; what names it afterwards is refused."""
        parts.copywriter.remove_voice(g.tenant, copy_name_of(voice, "voice"))
        return Response(status=204)

    return made


def template_view(kept: KeptCopy) -> TemplateView:
    """A template as the API shows it."""
    return TemplateView.model_validate({**kept.body, **_version(kept)})


def voice_view(kept: KeptCopy) -> VoiceView:
    """A voice as the API shows it."""
    return VoiceView.model_validate({**kept.body, **_version(kept)})


def _version(kept: KeptCopy) -> dict[str, object]:
    return {
        "name": kept.name,
        "version": kept.version,
        "shipped": kept.created_at is None,
        "created_at": kept.created_at,
    }
