"""What all pages share: the way in, the words of the templates, and errors as pages."""

from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import JobView, OutputView
from pressroom.contract.params import ImageParams
from pressroom.domain.errors import PressroomError
from pressroom.domain.states import TERMINAL, State
from pressroom.front.auth import check_csrf, csrf_token, signed_in
from pressroom.front.errors import status_of

STATE_WORDS = {
    "queued": "waiting",
    "running": "in the press",
    "succeeded": "done",
    "failed": "failed",
    "canceled": "canceled",
    "expired": "expired",
}


def page_blueprint(name: str, import_name: str) -> APIBlueprint:
    """A blueprint of pages: its errors are pages, and it has no place in the API's document."""
    made = APIBlueprint(name, import_name, enable_openapi=False)
    made.register_error_handler(PressroomError, _problem_page)
    made.after_request(_not_kept)
    made.app_context_processor(
        lambda: {
            "csrf": csrf_token,
            "title_of": title_of,
            "in_order": in_order,
            "state_words": STATE_WORDS,
            "moment": moment,
            "ended": lambda job: State(job.status) in TERMINAL,
        }
    )
    return made


def members_only(parts: FrontParts, made: APIBlueprint) -> None:
    """Who is not signed in is sent to the sign-in page; forms must show the session's token."""

    @made.before_request
    def let_in() -> ResponseReturnValue | None:
        if not signed_in(parts.keyring):
            return redirect(url_for("sessions.sign_in_page"), 303)
        if request.method == "POST":
            check_csrf(request)
        g.signed_in = True
        return None


_READ = {"embedding": "vectors", "moderation": "moderation"}


def title_of(job: JobView) -> str:
    """A job in a few words: what was asked for."""
    if isinstance(job.params, ImageParams):
        return f"{job.params.label or _short(job.input.prompt or 'anything')} × {job.params.n}"
    asked = job.input.prompt or (job.input.messages[-1].content if job.input.messages else "")
    if job.input.writing is not None:
        asked = f"{job.input.writing.template}: {next(iter(job.input.writing.facts.values()), '')}"
    if job.input.texts:
        asked = f"{_READ.get(job.kind, '')} × {len(job.input.texts)}: {job.input.texts[0]}"
    return _short(asked)


def _short(asked: str) -> str:
    words = " ".join(asked.split())
    return words if len(words) <= 120 else f"{words[:117].rstrip()}…"


def in_order(job: JobView) -> list[OutputView]:
    """Outputs as they are shown: candidates by their rank."""
    return sorted(job.outputs, key=lambda each: each.review.rank if each.review is not None else each.n)


def moment(milliseconds: int) -> str:
    """A time as ISO 8601 in UTC, which browsers show in their own zone."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def _not_kept(response: Response) -> Response:
    """A page holds prompts and outputs: no cache keeps it past an erasure or the end of the session."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _problem_page(error: PressroomError) -> ResponseReturnValue:
    return render_template("problem.html", error=error, status=status_of(error)), status_of(error)
