"""Sign in with an API key, sign out."""

from apiflask import APIBlueprint
from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import KeyInvalid
from pressroom.front.auth import check_csrf, sign_in, signed_in
from pressroom.front.pages.common import page_blueprint


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/sign-in`` and ``/sign-out``."""
    sessions = page_blueprint("sessions", __name__)

    @sessions.get("/sign-in")
    def sign_in_page() -> ResponseReturnValue:
        if signed_in(parts.keyring):
            return redirect(url_for("desk.desk_page"), 303)
        return render_template("sign_in.html")

    @sessions.post("/sign-in")
    def begin_session() -> ResponseReturnValue:
        check_csrf(request)
        try:
            sign_in(parts.keyring, request.form.get("key", "").strip())
        except KeyInvalid:
            return render_template("sign_in.html", refused=True), 401
        return redirect(url_for("desk.desk_page"), 303)

    @sessions.post("/sign-out")
    def end_session() -> ResponseReturnValue:
        check_csrf(request)
        session.clear()
        return redirect(url_for("sessions.sign_in_page"), 303)

    return sessions
