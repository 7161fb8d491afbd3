"""Whose feed it is: the columns that shops and merchants use, by what they say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pressroom.contract.feeds import Preset


@dataclass(frozen=True, slots=True)
class Columns:
    """``key`` names a row. ``facts``: columns that a variable may be filled from, the first that is there. ``outputs``: the column
    that a template's text goes out in. ``continues``: whether a row without a value in this column goes on with the one before (a variant of
    the same product), and is not written anew."""

    key: str | None = None
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    continues: str | None = None


_PLAIN: Mapping[str, tuple[str, ...]] = {
    "title": ("name", "product", "product name", "produkt"),
    "brand": ("vendor", "maker", "manufacturer"),
    "material": ("materials", "fabric"),
    "colour": ("color", "colours", "colors"),
    "size": ("sizes", "dimensions", "measures"),
    "use": ("purpose", "occasion", "for"),
    "features": ("feature", "highlights", "benefits"),
    "link": ("url", "product url"),
}

PRESETS: Mapping[Preset, Columns] = {
    "plain": Columns(facts=_PLAIN),
    "shopify": Columns(
        key="Handle",
        facts={
            **_PLAIN,
            "title": ("Title",),
            "brand": ("Vendor",),
            "colour": ("Color (product.metafields.shopify.color-pattern)", "Option1 Value", "Color"),
            "material": ("Material", "Fabric (product.metafields.shopify.fabric)"),
            "features": ("Tags",),
        },
        outputs={
            "product-title": "Title",
            "product-description": "Body (HTML)",
            "seo-title": "SEO Title",
            "meta-description": "SEO Description",
            "alt-text": "Image Alt Text",
            "picture": "Image Src",
        },
        continues="Title",
    ),
    "google": Columns(
        key="id",
        facts={
            **_PLAIN,
            "title": ("title",),
            "brand": ("brand",),
            "colour": ("color",),
            "material": ("material",),
            "size": ("size",),
            "features": ("product_highlight",),
            "link": ("link",),
        },
        outputs={
            "product-title": "title",
            "product-description": "description",
            "ad-headline": "short_title",
            "picture": "additional_image_link",
        },
    ),
    "wordpress": Columns(
        key="slug",
        facts={**_PLAIN, "title": ("title",), "link": ("link",)},
        outputs={
            "product-title": "title",
            "product-description": "content",
            "meta-description": "excerpt",
            "picture": "featured_media",
        },
    ),
}


def plain(name: str) -> str:
    """A column's name as it is compared: "Product Name" is "product_name"."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
