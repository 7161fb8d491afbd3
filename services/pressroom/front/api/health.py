"""Whether the process lives, and whether it can do its work."""

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import Health, Readiness
from pressroom.domain.errors import PressroomError
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import Responses, answer, problem

_PROBLEMS: Responses = {status: problem(status) for status in (400, 422, 500)}


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/healthz`` and ``/readyz``; neither asks for a key."""
    health = APIBlueprint("health", __name__, tag="Health")

    @health.get("/healthz")
    @health.output(Health)
    @health.doc(operation_id="getHealth", responses=_PROBLEMS)
    def get_health() -> Response:
        """Is the process alive"""
        return wire_response(Health())

    @health.get("/readyz")
    @health.output(Readiness)
    @health.doc(
        operation_id="getReadiness",
        responses={
            **_PROBLEMS,
            503: answer("Readiness", "Something is missing; the fields say what."),
        },
    )
    def get_readiness() -> Response:
        """Is everything there

        Jobs are still accepted while only redis is away: they run when it is back."""
        database = _state(parts.store.ping)
        found = {
            "database": database,
            "redis": _state(parts.cache.ping),
            "artifacts": _state(parts.artifacts.ping),
            "schema": _state(parts.store.check_schema) if database == "ok" else "unknown: no database",
        }
        ready = all(state == "ok" for state in found.values())
        shape = Readiness(status="ready" if ready else "not_ready", **found)
        return wire_response(shape, 200 if ready else 503)

    return health


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except PressroomError as error:
        return f"{error.code}: {error.message}"
    return "ok"
