"""WordPress's REST API as far as posts and media go: what it takes, what it refuses, what it passes over.

As its ``WP_REST_Posts_Controller`` does it: types are checked, fields that it does not know are dropped, a slug is made plain and found by
that, and a post without title, content and excerpt is none.
"""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

USER = ("editor", "abcd efgh")
_TYPES: dict[str, type] = {
    "slug": str,
    "status": str,
    "title": str,
    "content": str,
    "excerpt": str,
    "date": str,
    "password": str,
    "template": str,
    "author": int,
    "featured_media": int,
    "sticky": bool,
    "categories": list,
    "tags": list,
    "meta": dict,
}
_STATUSES = ("draft", "pending", "private", "publish", "future")
_WORDS = ("title", "content", "excerpt")


class WordPress:
    """``registered``: the names in ``meta`` that it keeps."""

    def __init__(self, *registered: str) -> None:
        self.posts: dict[int, dict[str, Any]] = {}
        self.media: dict[int, dict[str, Any]] = {}
        self._registered = registered

    def __call__(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Any]:
        if request.headers["Authorization"] != "Basic " + base64.b64encode(":".join(USER).encode()).decode():
            return 401, {"code": "rest_not_logged_in", "message": "You are not currently logged in."}
        address = urlsplit(request.path)
        kind, _, number = address.path.removeprefix("/wp-json/wp/v2/").partition("/")
        if request.command == "GET":
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            return 200, self.found(query["slug"], query.get("status", "publish"))
        if kind == "posts":
            return self.post(json.loads(body), int(number) if number else None)
        return self._medium(request, body, int(number) if number else None)

    def found(self, slugs: str, status: str) -> list[dict[str, Any]]:
        """Blanks and commas part a list of slugs."""
        wanted = {plain_slug(slug) for slug in re.split(r"[\s,]+", slugs)}
        return [
            post
            for post in self.posts.values()
            if post["slug"] in wanted and status in ("any", post["status"])
        ]

    def post(self, given: dict[str, Any], number: int | None = None) -> tuple[int, Any]:
        """Make a post, or change one."""
        if wrong := self._wrong(given, number):
            return 400, wrong
        kept = {
            "slug": "",
            "status": "draft",
            "featured_media": 0,
            "meta": {},
            **self.posts.get(number or 0, {}),
        }
        kept |= {name: value for name, value in given.items() if name in _TYPES}
        kept["meta"] = {name: value for name, value in kept["meta"].items() if name in self._registered}
        kept["slug"] = self._own(plain_slug(kept["slug"]), number)
        made = number or len(self.posts) + 1
        self.posts[made] = {**kept, "id": made}
        return 200 if number else 201, self.posts[made]

    def _wrong(self, given: dict[str, Any], number: int | None) -> dict[str, Any] | None:
        if number is None and "id" in given:
            return _problem("rest_post_exists", "Cannot create existing post.")
        for name, value in given.items():
            if name in _TYPES and type(value) is not _TYPES[name]:
                return _problem("rest_invalid_param", f"Invalid parameter(s): {name}")
        if given.get("status", "draft") not in _STATUSES:
            return _problem("rest_invalid_param", "Invalid parameter(s): status")
        if given.get("featured_media", 0) not in (0, *self.media):
            return _problem("rest_invalid_featured_media", "Invalid featured media ID.")
        if number is None and not any(given.get(name) for name in _WORDS):
            return _problem("empty_content", "Content, title, and excerpt are empty.")
        return None

    def _own(self, slug: str, number: int | None) -> str:
        """No other post has it."""
        others = {post["slug"] for post in self.posts.values() if post["id"] != number}
        made, n = slug, 1
        while made and made in others:
            n += 1
            made = f"{slug}-{n}"
        return made

    def _medium(
        self, request: BaseHTTPRequestHandler, body: bytes, number: int | None
    ) -> tuple[int, dict[str, Any]]:
        if number is None:
            assert body[:4] == b"\x89PNG"
            assert request.headers["Content-Type"] == "image/png"
            given = {"file": request.headers["Content-Disposition"]}
        else:
            given = json.loads(body)
        made = number or len(self.media) + 1
        self.media[made] = {**self.media.get(made, {}), **given, "id": made}
        return 200 if number else 201, self.media[made]


def plain_slug(slug: str) -> str:
    """As ``sanitize_title`` makes it, but for accents: those are percent-encoded here."""
    encoded = quote(slug.lower(), safe=" .,;:!?&'\"()<>/+*@#%").lower()
    kept = re.sub(r"[^%a-z0-9 _-]", "", encoded.replace(".", "-"))
    return re.sub(r"-+", "-", re.sub(r"\s+", "-", kept)).strip("-")


def _problem(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "data": {"status": 400}}
