"""``/v1/admin/tenants``: how long things of a tenant are kept, and its share of the pools."""

from apiflask import APIBlueprint
from flask import Response

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.admin import RetentionShape, TenantList, TenantView, WeightRequest
from pressroom.domain.retention import Retention
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import header_docs, problems
from pressroom.front.api.paths import pool_of, tenant_of


def blueprint(parts: FrontParts) -> APIBlueprint:
    """List, keep, weigh."""
    tenants = APIBlueprint("admin_tenants", __name__, url_prefix="/v1/admin/tenants", tag="Operators")

    @tenants.get("")
    @tenants.output(TenantList)
    @tenants.doc(operation_id="listTenants", responses=problems())
    def list_tenants() -> Response:
        """List tenants"""
        found = parts.retentions.retentions()
        return wire_response(TenantList(items=tuple(_view(name, found[name]) for name in sorted(found))))

    @tenants.put("/<tenant>/keeps")
    @tenants.input(RetentionShape)
    @tenants.output(TenantView)
    @tenants.doc(operation_id="keepFor", responses=problems(413, 415))
    def keep_for(tenant: str, json_data: RetentionShape) -> Response:
        """Set how long things of a tenant are kept

        It concerns the jobs that come from now on; fronts know within five seconds."""
        retention = Retention(**json_data.model_dump())
        parts.retentions.keep(tenant_of(tenant), retention)
        return wire_response(_view(tenant_of(tenant), retention))

    @tenants.put("/<tenant>/weights/<pool>")
    @tenants.input(WeightRequest)
    @tenants.doc(
        operation_id="weighTenant",
        responses={204: {"description": "Weighed.", "headers": header_docs()}, **problems(413, 415)},
    )
    def weigh_tenant(tenant: str, pool: str, json_data: WeightRequest) -> Response:
        """Give a tenant its share of a pool"""
        parts.store.weigh(pool_of(pool), tenant_of(tenant), json_data.weight)
        return Response(status=204)

    return tenants


def _view(name: str, kept: Retention) -> TenantView:
    return TenantView(
        tenant=name,
        keeps=RetentionShape(
            results_s=kept.results_s, prompts_s=kept.prompts_s, events_s=kept.events_s, keys_s=kept.keys_s
        ),
    )
