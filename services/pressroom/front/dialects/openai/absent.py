"""What OpenAI's API has and nothing here stands behind: answered with 501, so that nobody looks for a wrong address.

NotOfferedHere    not_implemented
"""

from typing import Never

from apiflask import APIBlueprint

from pressroom.front.errors import FrontError

ABSENT = (
    "assistants",
    "audio",
    "conversations",
    "evals",
    "fine_tuning",
    "images/edits",
    "images/variations",
    "realtime",
    "threads",
    "uploads",
    "vector_stores",
    "videos",
)
"""Beginnings of paths."""


class NotOfferedHere(FrontError):
    code = "not_implemented"
    status = 501


def blueprint() -> APIBlueprint:
    """Any method, any path below."""
    absent = APIBlueprint("openai_absent", __name__, url_prefix="/openai/v1", enable_openapi=False)
    methods = ["GET", "POST", "DELETE"]

    def refuse(rest: str = "") -> Never:
        raise NotOfferedHere("Pressroom has nothing behind this address; docs/openai.md lists what it has.")

    for path in ABSENT:
        name = path.replace("/", "_")
        absent.add_url_rule(f"/{path}", name, refuse, methods=methods)
        absent.add_url_rule(f"/{path}/<path:rest>", f"{name}_below", refuse, methods=methods)
    return absent
