"""Who asks: an API key in the Authorization header, or the session of the pages.

A session holds the key's id, so that revoking the key ends it. Since a browser sends a session by
itself, whoever changes something with one must also show the session's CSRF token.
"""

import hmac
import secrets

from flask import Request, g, request, session
from flask.app import Flask
from flask.sessions import SecureCookieSessionInterface

from pressroom.domain.errors import KeyInvalid, ScopeMissing, TooManyRequests
from pressroom.domain.scopes import Scope, in_order, needed
from pressroom.front.errors import CsrfInvalid, KeyMissing
from pressroom.jobs.keys import Keyring
from pressroom.jobs.ports import ApiKey
from pressroom.jobs.turnstile import Turnstile

CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# The scopes of endpoints that the method alone does not tell.
_BY_BLUEPRINT = {
    "webhooks": Scope.WEBHOOKS,
    "deliveries": Scope.WEBHOOKS,
    "replicate_webhooks": Scope.WEBHOOKS,
    "hooks": Scope.WEBHOOKS,
    "budgets": Scope.BUDGETS,
    "admin_keys": Scope.ADMIN,
    "admin_tenants": Scope.ADMIN,
    "admin_prices": Scope.ADMIN,
    "admin_usage": Scope.ADMIN,
}
_BY_ENDPOINT = {
    "desk.erase_form": Scope.ERASE,
    "template_pages.remove_form": Scope.ERASE,
    "voice_pages.remove_form": Scope.ERASE,
}
# Whatever a key is good for, its holder may sign in and out.
_OPEN_TO_ALL = frozenset({"sessions"})


class SameOriginSession(SecureCookieSessionInterface):
    """Signed cookies, HttpOnly and SameSite=Strict, and Secure wherever the page came by TLS."""

    def get_cookie_httponly(self, app: Flask) -> bool:
        return True

    def get_cookie_samesite(self, app: Flask) -> str:
        return "Strict"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def demand(scope: Scope) -> None:
    """Raises ScopeMissing unless the request's key, let in before, has ``scope`` too."""
    _demand(scope, g.scopes)


def authenticate(keyring: Keyring) -> None:
    """Let the request in and note its tenant in ``g``.

    Raises KeyMissing, KeyInvalid, ScopeMissing, CsrfInvalid."""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise KeyInvalid("Send the API key as `Authorization: Bearer pr_…`.")
        _let_in(keyring.check(token.strip()))
        return
    if signed_in(keyring):
        if request.method not in _SAFE:
            check_csrf(request)
        return
    raise KeyMissing("Send an API key as `Authorization: Bearer pr_…`.")


def signed_in(keyring: Keyring) -> bool:
    """Whether the session is of a key that still lives; notes its tenant in ``g``.

    Raises ScopeMissing."""
    key_id = session.get("key")
    if not isinstance(key_id, str):
        return False
    try:
        key = keyring.alive(key_id)
    except KeyInvalid:
        session.clear()
        return False
    _let_in(key)
    return True


def sign_in(keyring: Keyring, token: str) -> None:
    """Begin a session. Raises KeyInvalid."""
    key = keyring.check(token)
    session.clear()
    session["key"] = key.id
    session["csrf"] = secrets.token_urlsafe(24)
    session.permanent = True


def go_through(turnstile: Turnstile) -> None:
    """Count a request that asks for work, let in before, into the requests of its key within this minute.

    Raises TooManyRequests."""
    key: ApiKey = g.by
    most = key.limits.requests_minute
    if most is None or _needed() is not Scope.WRITE:
        return
    passage = turnstile.go(key.id, most)
    if not passage.passed:
        raise TooManyRequests(
            f"This API key may ask for work {most} times a minute. Wait, or post many requests as one batch.",
            retry_after_s=max(1.0, passage.wait_s),
        )


def _let_in(key: ApiKey) -> None:
    """Note the key and its tenant in ``g``. Raises ScopeMissing unless the key is good for this request."""
    if request.blueprint not in _OPEN_TO_ALL:
        _demand(_needed(), key.scopes)
    g.by, g.tenant, g.scopes = key, key.tenant, key.scopes


def _needed() -> Scope:
    """The scope that this request needs."""
    named = _BY_ENDPOINT.get(request.endpoint or "") or _BY_BLUEPRINT.get(request.blueprint or "")
    if named is Scope.BUDGETS and request.method in _SAFE:
        named = None  # to look at them is to read
    return named or needed(request.method)


def _demand(scope: Scope, scopes: frozenset[Scope]) -> None:
    if scope not in scopes:
        has = ", ".join(in_order(scopes)) or "none"
        raise ScopeMissing(
            f"This API key has not the scope `{scope}` (it has: {has}). Use one that has it; "
            "`pressroom admin keys create --scope` makes one."
        )


def csrf_token() -> str:
    """The session's token, made with the first form: the sign-in form needs one too."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def check_csrf(given: Request) -> None:
    """Raises CsrfInvalid unless the request shows the session's token, as header or form field."""
    shown = given.headers.get(CSRF_HEADER) or given.form.get("csrf", "")
    if not hmac.compare_digest(shown.encode(), str(session.get("csrf", "")).encode()) or not shown:
        raise CsrfInvalid("This form is out of date. Load the page again.")
