"""Feedback: say what you think of a job's outputs, and read what was said."""

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.feedback import FeedbackModel, FeedbackPage, FeedbackRequest, FeedbackView
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import answer, problems
from pressroom.front.api.queries import FeedbackQuery
from pressroom.jobs.feedback import Feedback, Opinion


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/v1/jobs/{id}/feedback`` and ``/v1/feedback``."""
    feedback = APIBlueprint("feedback", __name__, url_prefix="/v1", tag="Feedback")

    @feedback.post("/jobs/<job_id>/feedback")
    @feedback.input(FeedbackRequest)
    @feedback.doc(
        operation_id="postFeedback",
        responses={
            201: answer("FeedbackView", "It is kept."),
            **problems(404, 409, 410, 413, 415),
        },
    )
    def post_feedback(job_id: str, json_data: FeedbackRequest) -> Response:
        """Say what you think of a job's outputs

        A rating, the output that you chose, the text as you have published it, or a comment; as often as you
        like, up to 100 times a job. It is kept with the model's version and the seed, as long as the job's results,
        and nobody but you can read it."""
        given = parts.feedbacks.give(g.tenant, job_id, Opinion(**json_data.model_dump()))
        return wire_response(_view(given), 201)

    @feedback.get("/jobs/<job_id>/feedback")
    @feedback.output(FeedbackPage)
    @feedback.doc(operation_id="listJobFeedback", responses=problems(404, 410))
    def list_job_feedback(job_id: str) -> Response:
        """Read what was said of a job

        The oldest first, all of it on one page."""
        found = parts.feedbacks.of_job(g.tenant, job_id)
        return wire_response(FeedbackPage(items=tuple(map(_view, found)), next=None))

    @feedback.get("/feedback")
    @feedback.input(FeedbackQuery, location="query")
    @feedback.output(FeedbackPage)
    @feedback.doc(operation_id="listFeedback", responses=problems())
    def list_feedback(query_data: FeedbackQuery) -> Response:
        """Read all feedback

        Of all your jobs, newest first."""
        page = parts.feedbacks.page(g.tenant, cursor=query_data.cursor, limit=query_data.limit)
        return wire_response(FeedbackPage(items=tuple(map(_view, page.items)), next=page.next))

    return feedback


def _view(feedback: Feedback) -> FeedbackView:
    return FeedbackView(
        id=feedback.id,
        job_id=feedback.job_id,
        created_at=feedback.created_at,
        output=feedback.output,
        rating=feedback.rating,
        chosen=feedback.chosen,
        edited=feedback.edited,
        comment=feedback.comment,
        decision=feedback.decision,
        model=FeedbackModel(
            name=feedback.model_name, version=feedback.model_version, sha256=feedback.model_sha256
        ),
        seed=feedback.seed,
    )
