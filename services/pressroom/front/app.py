"""``create_app``: one Flask app over the parts that ``bootstrap.front`` wires."""

import re
import secrets
import time
from collections.abc import Mapping

from apiflask import APIFlask
from flask import Response, abort, current_app, g, request
from prometheus_client import CollectorRegistry

from pressroom.bootstrap.front import FrontParts
from pressroom.front import errors, openapi, signed
from pressroom.front.api import (
    accounts,
    admin,
    archive,
    batches,
    copy,
    deliveries,
    events,
    feedback,
    feeds,
    health,
    jobs,
    models,
    outputs,
    reference,
    uploads,
    webhooks,
    word_lists,
)
from pressroom.front.auth import SameOriginSession, authenticate, go_through
from pressroom.front.dialects import openai, replicate
from pressroom.front.dialects.openai import envelope
from pressroom.front.metrics import FrontMetrics
from pressroom.front.pages import accounts as accounts_pages
from pressroom.front.pages import desk, hooks, sessions, writing
from pressroom.front.pages import feeds as feed_pages
from pressroom.front.pages import templates as template_pages
from pressroom.front.pages import voices as voice_pages
from pressroom.front.sse import Gate
from pressroom.front.strict import StrictRequest, check_query
from pressroom.telemetry import get_logger

_SESSION_S = 30 * 24 * 3_600
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)
_QUIET = frozenset({"/healthz", "/readyz"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class FrontApp(APIFlask):
    """An APIFlask whose requests are read strictly."""

    request_class = StrictRequest
    session_interface = SameOriginSession()


def create_app(parts: FrontParts, metrics: FrontMetrics | None = None) -> APIFlask:
    """The app: API, reference and pages. It opens nothing and starts no thread."""
    metrics = metrics or FrontMetrics(CollectorRegistry())
    app = FrontApp(
        __name__, title="Pressroom", version="1", spec_path=None, docs_path=None, json_errors=False
    )
    app.secret_key = parts.secret
    app.config.update(
        MAX_CONTENT_LENGTH=parts.limits.body_bytes,
        PERMANENT_SESSION_LIFETIME=_SESSION_S,
        SESSION_COOKIE_NAME="pressroom",
        TRAP_HTTP_EXCEPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    openapi.configure(app)
    errors.register(app, {"openai": envelope.error_response})
    limits = {
        "uploads.post_upload": parts.limits.upload_bytes,
        "batches.post_batch": parts.limits.batch_bytes,
        "replicate_files.create_file": parts.limits.upload_bytes,
        "openai_files.create_file": parts.limits.batch_bytes,
        "feeds.post_feed": parts.limits.batch_bytes,
        "feed_pages.post_form": parts.limits.batch_bytes,
    }
    app.before_request(lambda: _begin(limits))
    app.after_request(lambda response: _finish(response, metrics))
    gate = Gate(parts.limits.streams, metrics.streams)
    for made in (
        jobs.blueprint(parts, gate),
        events.blueprint(parts, gate),
        outputs.blueprint(parts),
        archive.blueprint(parts),
        feedback.blueprint(parts),
        models.blueprint(parts),
        uploads.blueprint(parts),
        batches.blueprint(parts, gate),
        webhooks.blueprint(parts),
        deliveries.blueprint(parts),
        accounts.budgets(parts),
        accounts.usage(parts),
        word_lists.blueprint(parts),
        copy.templates(parts),
        copy.voices(parts),
        feeds.blueprint(parts, gate),
        *admin.blueprints(parts),
        *openai.blueprints(parts, gate),
        *replicate.blueprints(parts, gate),
    ):
        made.before_request(lambda: authenticate(parts.keyring))
        made.before_request(lambda: go_through(parts.turnstile))
        app.register_blueprint(made)
    app.register_blueprint(signed.blueprint(parts))
    app.register_blueprint(health.blueprint(parts))
    app.register_blueprint(reference.blueprint())
    app.register_blueprint(sessions.blueprint(parts))
    app.register_blueprint(desk.blueprint(parts))
    app.register_blueprint(feed_pages.blueprint(parts))
    app.register_blueprint(template_pages.blueprint(parts))
    app.register_blueprint(writing.blueprint(parts))
    app.register_blueprint(voice_pages.blueprint(parts))
    app.register_blueprint(hooks.blueprint(parts))
    app.register_blueprint(accounts_pages.blueprint(parts))
    return app


def _begin(body_limits: Mapping[str, int]) -> None:
    """``body_limits``: the endpoints that take larger bodies than the others, in bytes."""
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _SANE_ID.fullmatch(given) else f"req_{secrets.token_hex(12)}"
    if request.endpoint is None or request.endpoint == "static":
        return
    view = current_app.view_functions[request.endpoint]
    known = frozenset(
        name
        for shape, location in getattr(view, "_spec", {}).get("args", ())
        if location == "query"
        for name in shape.model_fields
    )
    check_query(request.query_string, request.args.lists(), known)
    g.most_bytes = body_limits.get(request.endpoint, request.max_content_length or 0)
    if (request.content_length or 0) > g.most_bytes:
        abort(413)
    # One more, since what reads the body says that it is too large as soon as it has had so many.
    request.max_content_length = g.most_bytes + 1


def _finish(response: Response, metrics: FrontMetrics) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    for name, value in _SECURITY.items():
        response.headers.setdefault(name, value)
    took = time.perf_counter() - g.get("started", time.perf_counter())
    metrics.answered(request.endpoint, request.method, response.status_code, took)
    if "problem" in g:
        metrics.refused(g.problem)
    if "submitted" in g:
        metrics.submitted(g.submitted.job.pool, created=g.submitted.created)
    if request.path not in _QUIET:
        get_logger(__name__).info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(took * 1000, 1),
            request_id=g.get("request_id", ""),
        )
    return response
