"""``POST /openai/v1/chat/completions``."""

from apiflask import APIBlueprint
from flask import Response, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.front.dialects.following import followed
from pressroom.front.dialects.openai import asking, telling
from pressroom.front.dialects.openai.chunks import Form, chunks
from pressroom.front.dialects.openai.shapes import ChatRequest
from pressroom.front.dialects.waiting import ended, posted
from pressroom.front.sse import Gate


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """Whole answers, and streams. Whoever goes away cancels the job."""
    chat = APIBlueprint(
        "openai_chat", __name__, url_prefix="/openai/v1/chat/completions", enable_openapi=False
    )

    @chat.post("")
    @chat.input(ChatRequest)
    def create_chat_completion(json_data: ChatRequest) -> Response:
        asked = json_data
        tier = "default" if asked.service_tier in (None, "auto", "scale") else str(asked.service_tier)
        job = posted(parts, asking.chat_job(asked, parts.limits.dialect_wait_s))
        if not asked.stream:
            return jsonify(telling.chat_completion(ended(parts, gate, job), tier))
        form = Form(True, asked.n or 1, asked.wants_usage, tier)
        return followed(
            parts,
            gate,
            job,
            lambda events, look: chunks(job, events, form, look),
        )

    return chat
