"""Descriptions for products of a Shopify shop that have none, by its Admin API (GraphQL).

    export PRESSROOM_URL=http://127.0.0.1:8017 PRESSROOM_API_KEY=pr_…
    export SHOPIFY_URL=https://my-shop.myshopify.com SHOPIFY_TOKEN=shpat_…   # scopes read_products, write_products
    python clients/examples/shopify_descriptions.py

Products that have a description are left alone. A product's jobs have its id and its time of change as their key, so a run that broke off
is run again and pays for nothing twice.
"""

import html
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from pressroom.client import Client
from pressroom.contract.jobs import JobView

PATH = "/admin/api/2026-10/graphql.json"
META_CHARS = 155
_TRIES, _PAUSE_S = 8, 0.5

PRODUCTS = """query ($after: String) {
  products(first: 50, after: $after, query: "status:active") {
    nodes { id title vendor productType tags descriptionHtml updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}"""
UPDATE = """mutation ($product: ProductUpdateInput!) {
  productUpdate(product: $product) { product { id } userErrors { field message } }
}"""


class Refused(Exception):
    """Shopify has not done what it was asked; the message says why."""


def describe(pressroom: Client, shopify: httpx.Client) -> list[str]:
    """Ids of the products that have a description now. Raises Refused, ApiProblem, httpx.HTTPStatusError."""
    model = pressroom.pick_model("text").name
    # All are posted before the first is waited for: they are written side by side.
    ordered = [(each, _ordered(pressroom, model, each)) for each in _without_description(shopify)]
    changed = []
    for product, (text, meta) in ordered:
        told = [_text(pressroom, job) for job in (text, meta)]
        change = {
            "id": product["id"],
            "descriptionHtml": f"<p>{html.escape(told[0])}</p>",
            "seo": {"title": product["title"], "description": told[1]},
        }
        wrong = _asked(shopify, UPDATE, {"product": change})["productUpdate"]["userErrors"]
        if wrong:
            raise Refused(f"{product['title']}: {wrong[0]['message']} ({'.'.join(wrong[0]['field'] or ())})")
        changed.append(str(product["id"]))
    return changed


def _without_description(shopify: httpx.Client) -> Iterator[Mapping[str, Any]]:
    after = None
    while True:
        page = _asked(shopify, PRODUCTS, {"after": after})["products"]
        yield from (each for each in page["nodes"] if not each["descriptionHtml"].strip())
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _ordered(pressroom: Client, model: str, product: Mapping[str, Any]) -> tuple[JobView, JobView]:
    facts = ", ".join(
        part
        for part in (product["title"], product["productType"], product["vendor"], *product["tags"])
        if part
    )
    what = {
        "text": (f"Describe this product for a shop in three sentences: {facts}", {"max_tokens": 120}),
        "meta": (
            f"One sentence for a search result about: {facts}",
            {"max_tokens": 60, "max_chars": META_CHARS},
        ),
    }
    text, meta = (
        pressroom.submit(
            {
                "model": model,
                "input": {"prompt": prompt},
                "params": params,
                "metadata": {"product": product["id"]},
            },
            idempotency_key=f"shopify {name} {product['id']} {product['updatedAt']}",
        )
        for name, (prompt, params) in what.items()
    )
    return text, meta


def _text(pressroom: Client, job: JobView) -> str:
    ended = pressroom.wait(job.id)
    if ended.status != "succeeded":
        raise Refused(f"{ended.id} ended {ended.status}: {ended.error}")
    return (ended.outputs[0].text or "").strip()


def _asked(shopify: httpx.Client, query: str, variables: Mapping[str, Any]) -> Any:
    """The answer's data; a shop that wants a pause gets it."""
    for _ in range(_TRIES):
        answer = shopify.post(PATH, json={"query": query, "variables": dict(variables)})
        answer.raise_for_status()
        told = answer.json()
        errors = told.get("errors") or ()
        if not errors:
            return told["data"]
        if any(error.get("extensions", {}).get("code") != "THROTTLED" for error in errors):
            raise Refused(str(errors[0]["message"]))
        time.sleep(_PAUSE_S)
    raise Refused("The shop is asked more often than it answers. Run this again later.")


def main() -> None:
    env = os.environ
    headers = {"X-Shopify-Access-Token": env["SHOPIFY_TOKEN"]}
    with (
        Client(env["PRESSROOM_URL"], env["PRESSROOM_API_KEY"]) as pressroom,
        httpx.Client(base_url=env["SHOPIFY_URL"], headers=headers, timeout=30) as shopify,
    ):
        changed = describe(pressroom, shopify)
    sys.stdout.write(f"{len(changed)} products have a description now\n")


if __name__ == "__main__":
    main()
