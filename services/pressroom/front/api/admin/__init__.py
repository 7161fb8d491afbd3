"""What operators do over HTTP, with a key of the scope ``admin``: keys, tenants, prices, the usage of all."""

from apiflask import APIBlueprint

from pressroom.bootstrap.front import FrontParts
from pressroom.front.api.admin import keys, money, tenants


def blueprints(parts: FrontParts) -> tuple[APIBlueprint, ...]:
    """All that is below ``/v1/admin``."""
    return keys.blueprint(parts), tenants.blueprint(parts), money.prices(parts), money.usage(parts)
