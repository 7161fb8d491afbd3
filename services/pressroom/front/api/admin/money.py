"""``/v1/admin/prices`` and ``/v1/admin/usage``: the price list, and what all tenants have used."""

from decimal import Decimal

from apiflask import APIBlueprint
from flask import Response

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.spending import PriceList, PriceRequest, PriceView, UsageReport
from pressroom.domain.errors import InputInvalid
from pressroom.domain.spending import MILLION, Price, nanos_of
from pressroom.front.answers import wire_response
from pressroom.front.api.accounts import price_list, price_view, report
from pressroom.front.api.documents import header_docs, problems
from pressroom.front.api.paths import model_of
from pressroom.front.api.queries import AdminUsageQuery


def prices(parts: FrontParts) -> APIBlueprint:
    """List, set, remove."""
    made = APIBlueprint("admin_prices", __name__, url_prefix="/v1/admin/prices", tag="Operators")

    @made.get("")
    @made.output(PriceList)
    @made.doc(operation_id="listAllPrices", responses=problems())
    def list_all_prices() -> Response:
        """Look at the price list"""
        return wire_response(price_list(parts))

    @made.put("/<model>")
    @made.input(PriceRequest)
    @made.output(PriceView)
    @made.doc(operation_id="setPrice", responses=problems(413, 415))
    def set_price(model: str, json_data: PriceRequest) -> Response:
        """Set what a model costs

        `*` is for all models that have no line of their own. Jobs that were accepted keep their price; fronts
        know the new one within five seconds."""
        price = Price(
            _of_one("million_tokens_in", json_data.million_tokens_in),
            _of_one("million_tokens_out", json_data.million_tokens_out),
            nanos_of(Decimal(json_data.picture)),
        )
        parts.accounts.set_price(model_of(model), price)
        return wire_response(price_view(model, price))

    @made.delete("/<model>")
    @made.doc(
        operation_id="removePrice",
        responses={204: {"description": "Removed.", "headers": header_docs()}, **problems(404, 413)},
    )
    def remove_price(model: str) -> Response:
        """Remove a line of the price list"""
        parts.accounts.remove_price(model)
        return Response(status=204)

    return made


def usage(parts: FrontParts) -> APIBlueprint:
    """What ended, of all tenants."""
    made = APIBlueprint("admin_usage", __name__, url_prefix="/v1/admin/usage", tag="Operators")

    @made.get("")
    @made.input(AdminUsageQuery, location="query")
    @made.output(UsageReport)
    @made.doc(operation_id="getUsageOfAll", responses=problems())
    def get_usage_of_all(query_data: AdminUsageQuery) -> Response:
        """Look at the usage of all tenants"""
        return wire_response(report(parts, query_data.tenant, query_data))

    return made


def _of_one(field: str, of_a_million: str) -> int:
    """Nanos for one token. Raises InputInvalid for a price that is no whole number of them."""
    try:
        return nanos_of(Decimal(of_a_million), MILLION)
    except ValueError as error:
        raise InputInvalid(f"{field}: {error}.", field=field) from None
