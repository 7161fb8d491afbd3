"""The examples for platforms, against servers that stand in for them."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from tests.support.mini_stack import MiniStack
from tests.support.standing_in import standing_in
from tests.support.wordpress import USER, WordPress

from examples import shopify_descriptions, wordpress_draft
from pressroom.client import Client


def test_a_draft_is_made_once_and_changed_after(stack: MiniStack) -> None:
    site = WordPress()
    with standing_in(site) as url, Client(stack.url, stack.key) as pressroom:
        with httpx.Client(base_url=url, auth=USER) as wordpress:
            number = wordpress_draft.draft(pressroom, wordpress, "Blue mug, <fired> twice")
            again = wordpress_draft.draft(pressroom, wordpress, "Blue mug, <fired> twice")
        with (
            httpx.Client(base_url=url, auth=("editor", "wrong")) as wordpress,
            pytest.raises(httpx.HTTPStatusError, match="401"),
        ):
            wordpress_draft.draft(pressroom, wordpress, "Another")
    assert number == again
    (post,) = site.posts.values()
    (media,) = site.media.values()
    assert (post["status"], post["slug"], post["featured_media"]) == (
        "draft",
        "blue-mug-fired-twice",
        media["id"],
    )
    assert media["alt_text"] == "Blue mug, <fired> twice"
    assert media["file"] == 'attachment; filename="blue-mug-fired-twice.png"'
    assert post["content"].startswith("<!-- wp:paragraph --><p>")
    jobs = [
        job for job in pressroom_jobs(stack) if job["metadata"].get("wordpress") == "blue-mug-fired-twice"
    ]
    assert len(jobs) == 2, "the second run has found the jobs of the first"


def pressroom_jobs(stack: MiniStack) -> list[Any]:
    items: list[Any] = httpx.get(f"{stack.url}/v1/jobs?limit=100", headers=stack.auth).json()["items"]
    return items


def test_what_a_model_wrote_is_never_markup() -> None:
    made = wordpress_draft._paragraphs("One <script>\n\n\nTwo & three\n")
    assert made.count("<p>") == 2
    assert "<script>" not in made
    assert "Two &amp; three" in made


class Shopify:
    """A shop of some products, which wants a pause now and then."""

    def __init__(self, *titles: str) -> None:
        self.products: dict[str, dict[str, Any]] = {
            f"gid://shopify/Product/{n}": {
                "id": f"gid://shopify/Product/{n}",
                "title": title,
                "vendor": "Kiln & Sons",
                "productType": "Mug",
                "tags": ["blue", "clay"],
                "descriptionHtml": "<p>Here already.</p>" if title == "Described" else " ",
                "updatedAt": "2026-11-01T00:00:00Z",
            }
            for n, title in enumerate(titles)
        }
        self.asked = 0

    def __call__(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Any]:
        assert request.path == shopify_descriptions.PATH
        if request.headers["X-Shopify-Access-Token"] != "shpat_1":
            return 401, {"errors": "[API] Invalid API key or access token"}
        self.asked += 1
        if self.asked % 3 == 0:
            return 200, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
        given = json.loads(body)
        if "productUpdate" not in given["query"]:
            return 200, {"data": {"products": self._page(given["variables"]["after"])}}
        change = given["variables"]["product"]
        if len(change["seo"]["description"]) > shopify_descriptions.META_CHARS:
            wrong = [{"field": ["seo", "description"], "message": "is too long"}]
            return 200, {"data": {"productUpdate": {"product": None, "userErrors": wrong}}}
        self.products[change["id"]] |= change
        return 200, {"data": {"productUpdate": {"product": {"id": change["id"]}, "userErrors": []}}}

    def _page(self, after: str | None) -> Any:
        names = list(self.products)
        start = names.index(after) + 1 if after else 0
        shown = names[start : start + 2]
        more = start + 2 < len(names)
        return {
            "nodes": [self.products[name] for name in shown],
            "pageInfo": {"hasNextPage": more, "endCursor": shown[-1] if more else None},
        }


def test_products_without_a_description_get_one(stack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify_descriptions, "_PAUSE_S", 0.01)
    shop = Shopify("One", "Described", "Two", "Three", "Four")
    with (
        standing_in(shop) as url,
        Client(stack.url, stack.key) as pressroom,
        httpx.Client(base_url=url, headers={"X-Shopify-Access-Token": "shpat_1"}) as shopify,
    ):
        changed = shopify_descriptions.describe(pressroom, shopify)
        assert shopify_descriptions.describe(pressroom, shopify) == []
    assert len(changed) == 4
    for product in shop.products.values():
        if product["title"] == "Described":
            assert product["descriptionHtml"] == "<p>Here already.</p>"
            continue
        assert product["descriptionHtml"].startswith("<p>")
        assert 0 < len(product["seo"]["description"]) <= shopify_descriptions.META_CHARS
        assert product["seo"]["title"] == product["title"]


def test_a_shop_that_refuses_is_told(stack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Any]:
        return 200, {"errors": [{"message": "Access denied for products field."}]}

    def tired(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Any]:
        return 200, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}

    monkeypatch.setattr(shopify_descriptions, "_PAUSE_S", 0.0)
    for answer, said in ((never, "Access denied"), (tired, "more often than it answers")):
        with (
            standing_in(answer) as url,
            Client(stack.url, stack.key) as pressroom,
            httpx.Client(base_url=url) as shopify,
            pytest.raises(shopify_descriptions.Refused, match=said),
        ):
            shopify_descriptions.describe(pressroom, shopify)
