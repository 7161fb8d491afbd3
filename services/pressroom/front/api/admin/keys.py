"""``/v1/admin/keys``: API keys of all tenants, and their bounds."""

from apiflask import APIBlueprint
from flask import Response

from pressroom.adapters.refusals import key_unknown
from pressroom.bootstrap.front import FrontParts
from pressroom.contract.admin import (
    KeyLimitsShape,
    KeyList,
    KeyRequest,
    KeyView,
    NewKeyView,
    RotationRequest,
)
from pressroom.domain.limits import KeyLimits
from pressroom.domain.scopes import EVERY_SCOPE, Scope, in_order
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import answer, header_docs, problems
from pressroom.front.api.paths import tenant_of
from pressroom.front.api.queries import KeysQuery
from pressroom.jobs.keys import IssuedKey
from pressroom.jobs.ports import ApiKey


def blueprint(parts: FrontParts) -> APIBlueprint:
    """Make, bound, rotate, revoke."""
    keys = APIBlueprint("admin_keys", __name__, url_prefix="/v1/admin/keys", tag="Operators")

    @keys.get("")
    @keys.input(KeysQuery, location="query")
    @keys.output(KeyList)
    @keys.doc(operation_id="listKeys", responses=problems())
    def list_keys(query_data: KeysQuery) -> Response:
        """List API keys

        The oldest first, also those that were revoked."""
        found = [key for key in parts.keyring.all() if query_data.tenant in (None, key.tenant)]
        return wire_response(KeyList(items=tuple(map(_view, found))))

    @keys.post("")
    @keys.input(KeyRequest)
    @keys.doc(
        operation_id="createKey",
        responses={
            201: answer("NewKeyView", "Its token is told here and nowhere else."),
            **problems(413, 415),
        },
    )
    def create_key(json_data: KeyRequest) -> Response:
        """Make an API key"""
        issued = parts.keyring.issue(
            tenant_of(json_data.tenant),
            json_data.label,
            scopes=EVERY_SCOPE if json_data.scopes is None else frozenset(map(Scope, json_data.scopes)),
            lives_s=json_data.lives_s,
            limits=_limits(json_data.limits),
        )
        return wire_response(_new_view(issued), 201)

    @keys.put("/<key_id>/limits")
    @keys.input(KeyLimitsShape)
    @keys.output(KeyView)
    @keys.doc(operation_id="limitKey", responses=problems(404, 413, 415))
    def limit_key(key_id: str, json_data: KeyLimitsShape) -> Response:
        """Bound what an API key may do

        These are all of its bounds: what is left out has none. Fronts know within five seconds; jobs that
        were accepted keep their day's tokens, and concurrency holds from the next claim on."""
        if not parts.keyring.limit(key_id, _limits(json_data)):
            raise key_unknown()
        return wire_response(_view(next(key for key in parts.keyring.all() if key.id == key_id)))

    @keys.post("/<key_id>/rotate")
    @keys.input(RotationRequest)
    @keys.doc(
        operation_id="rotateKey",
        responses={
            201: answer("NewKeyView", "Its token is told here and nowhere else."),
            **problems(404, 413, 415),
        },
    )
    def rotate_key(key_id: str, json_data: RotationRequest) -> Response:
        """Rotate an API key

        A new key of the same tenant, scopes and bounds; the old one is good for a while beside it."""
        issued = parts.keyring.rotate(key_id, json_data.overlap_s)
        if issued is None:
            raise key_unknown()
        return wire_response(_new_view(issued), 201)

    @keys.delete("/<key_id>")
    @keys.doc(
        operation_id="revokeKey",
        responses={204: {"description": "Revoked.", "headers": header_docs()}, **problems(404, 413)},
    )
    def revoke_key(key_id: str) -> Response:
        """Revoke an API key

        Fronts know within five seconds."""
        if not parts.keyring.revoke(key_id):
            raise key_unknown()
        return Response(status=204)

    return keys


def _limits(given: KeyLimitsShape) -> KeyLimits:
    return KeyLimits(**given.model_dump())


def _view(key: ApiKey) -> KeyView:
    limits = key.limits
    return KeyView(
        id=key.id,
        tenant=key.tenant,
        label=key.label,
        scopes=tuple(scope.value for scope in in_order(key.scopes)),
        limits=KeyLimitsShape(
            models=limits.models,
            requests_minute=limits.requests_minute,
            tokens_day=limits.tokens_day,
            concurrency=limits.concurrency,
            priority=limits.priority,
        ),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        replaces=key.replaces,
    )


def _new_view(issued: IssuedKey) -> NewKeyView:
    return NewKeyView(**dict(_view(issued.key)), token=issued.token)
