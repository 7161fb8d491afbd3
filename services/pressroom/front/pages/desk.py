"""The desk: ask for text or pictures, watch them arrive, look at what was made."""

from typing import Any

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.feedback import FeedbackRequest
from pressroom.contract.jobs import JobRequest, JobView
from pressroom.domain.errors import Forbidden, Refused, WrongState
from pressroom.front.api.queries import PageQuery
from pressroom.front.api.views import job_view, model_card
from pressroom.front.auth import go_through
from pressroom.front.errors import status_of
from pressroom.front.pages.common import members_only, page_blueprint
from pressroom.front.strict import check_text
from pressroom.jobs.feedback import Opinion

_RECENT = 8
_PAGE = 30

# Fields of the forms, by the param that they set and how its words are read.
_CHOICES = ("rating", "chosen")
_NUMBERS = {"max_tokens": int, "n": int, "scale": int, "seed": int, "temperature": float, "guidance": float}


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/`` and ``/jobs``."""
    desk = page_blueprint("desk", __name__)
    members_only(parts, desk)

    @desk.get("/")
    def desk_page() -> ResponseReturnValue:
        return _desk(parts)

    @desk.post("/jobs")
    def post_form() -> ResponseReturnValue:
        """The forms without JavaScript: post, then look at the job's page."""
        try:
            go_through(parts.turnstile)
            asked = _asked(request.form.to_dict())
            g.submitted = submitted = parts.submitter.submit(g.tenant, asked, None, g.request_id, g.by)
        except ValidationError as error:
            return _desk(parts, error.errors(include_url=False)[0]["msg"], 422)
        except (Refused, Forbidden) as error:
            return _desk(parts, error.message, status_of(error))
        return redirect(url_for("desk.job_page", job_id=submitted.job.id), 303)

    @desk.get("/jobs")
    @desk.input(PageQuery, location="query")
    def jobs_page(query_data: PageQuery) -> ResponseReturnValue:
        page = parts.fetcher.page(g.tenant, cursor=query_data.cursor, limit=_PAGE)
        return render_template("jobs.html", jobs=[job_view(job) for job in page.jobs], next=page.next)

    @desk.get("/jobs/<job_id>")
    def job_page(job_id: str) -> ResponseReturnValue:
        return _job(parts, job_id)

    @desk.post("/jobs/<job_id>/feedback")
    def feedback_form(job_id: str) -> ResponseReturnValue:
        try:
            parts.feedbacks.give(g.tenant, job_id, _opinion(request.form.to_dict()))
        except ValidationError as error:
            return _job(parts, job_id, error.errors(include_url=False)[0]["msg"], 422)
        except (Refused, WrongState) as error:
            return _job(parts, job_id, error.message, status_of(error))
        return redirect(url_for("desk.job_page", job_id=job_id, _anchor="feedback"), 303)

    @desk.post("/jobs/<job_id>/cancel")
    def cancel_form(job_id: str) -> ResponseReturnValue:
        parts.withdrawer.cancel(g.tenant, job_id)
        return redirect(url_for("desk.job_page", job_id=job_id), 303)

    @desk.post("/jobs/<job_id>/erase")
    def erase_form(job_id: str) -> ResponseReturnValue:
        parts.withdrawer.erase(g.tenant, job_id)
        return redirect(url_for("desk.jobs_page"), 303)

    return desk


def _desk(parts: FrontParts, wrong: str | None = None, status: int = 200) -> ResponseReturnValue:
    live = parts.store.live_models()
    # What can be had now and answers what it is asked comes first.
    cards = sorted(
        (model_card(manifest, live) for manifest in parts.catalog.seen_by(g.tenant)),
        key=lambda card: (not card.live_workers, not card.chat),
    )
    recent: list[JobView] = [job_view(job) for job in parts.fetcher.page(g.tenant, limit=_RECENT).jobs]
    page = render_template(
        "desk.html",
        texts=[card for card in cards if card.kind == "text"],
        images=[card for card in cards if "sample" in card.operations],
        recent=recent,
        wrong=wrong,
        form=request.form,
    )
    return page, status


def _job(parts: FrontParts, job_id: str, wrong: str | None = None, status: int = 200) -> ResponseReturnValue:
    job = parts.fetcher.job(g.tenant, job_id)
    said = parts.feedbacks.of_job(g.tenant, job_id) if job.terminal and job.outputs else ()
    view = job_view(job, parts.fetcher.waiting(job))
    return render_template("job.html", job=view, said=said, wrong=wrong, form=request.form), status


def _opinion(form: dict[str, str]) -> Opinion:
    """What a form says of a job; empty fields say nothing. Raises ValidationError, InputInvalid."""
    check_text(form)
    given: dict[str, Any] = {name: int(form[name]) for name in _CHOICES if form.get(name, "").isdecimal()}
    if comment := form.get("comment", "").strip():
        given["comment"] = comment
    return Opinion(**FeedbackRequest.model_validate(given).model_dump())


def _asked(form: dict[str, str]) -> JobRequest:
    """The request that a form stands for; empty fields are left to the defaults.

    Raises ValidationError, InputInvalid (from the checks of text)."""
    check_text(form)
    params: dict[str, Any] = {"label": form["label"]} if form.get("label") else {}
    for name, read in _NUMBERS.items():
        if written := form.get(name, "").strip():
            try:
                params[name] = read(written)
            except ValueError:
                # As it stands: the params' own check says what is wrong with it.
                params[name] = written
    prompt = form.get("prompt", "")
    given = {"prompt": prompt} if "prompt" in form else {}
    return JobRequest.model_validate({"model": form.get("model", ""), "input": given, "params": params})
