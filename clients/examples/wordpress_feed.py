"""A feed that is done as drafts in WordPress, a post a row, with its picture.

    export PRESSROOM_URL=http://127.0.0.1:8017 PRESSROOM_API_KEY=pr_…
    export WORDPRESS_URL=https://shop.example WORDPRESS_USER=editor WORDPRESS_PASSWORD="abcd efgh …"
    python clients/examples/wordpress_feed.py batch_…

The feed has the preset `wordpress`, and what is approved of it goes over. Run again it changes the drafts that are there, and leaves alone
what is no draft any more: a person has published it. A row that WordPress refuses is named, and the others go on.
"""

import html
import json
import os
import re
import sys
from typing import Any

import httpx

from pressroom.client import Client, ClientError

POSTS, MEDIA = "/wp-json/wp/v2/posts", "/wp-json/wp/v2/media"
_OUTPUT = re.compile(r".*/v1/jobs/([^/]+)/outputs/(\d+)")


class Left(Exception):
    """This row has made no draft; the message says why."""


def drafts(pressroom: Client, wordpress: httpx.Client, feed_id: str) -> tuple[list[int], list[str]]:
    """The numbers of the drafts, and what is said of each row that was left. Raises ClientError, httpx.HTTPError."""
    feed = pressroom.feeds.wait(feed_id)
    if feed.plan.preset != "wordpress":
        raise ClientError(f"{feed_id} has the preset {feed.plan.preset}: post it with `wordpress`.")
    made: list[int] = []
    left: list[str] = []
    for line in pressroom.feeds.export(feed_id, form="jsonl").splitlines():
        post = json.loads(line)
        try:
            made.append(_drafted(pressroom, wordpress, post, made))
        except Left as why:
            left.append(f"{post['slug']}: {why}")
    return made, left


def _drafted(pressroom: Client, wordpress: httpx.Client, post: dict[str, Any], made: list[int]) -> int:
    # WordPress reads a list of slugs where there are commas or blanks, and would find posts of other names.
    slug = re.sub(r"\W+", "-", post["slug"].lower()).strip("-_")
    if not slug:
        raise Left("this makes no slug, by which the draft could be found again")
    there = _there(wordpress, slug)
    if there and there["status"] != "draft":
        raise Left(f"is no draft any more, but {there['status']}")
    if there and there["id"] in made:
        raise Left("an earlier row has this slug")
    picture = _OUTPUT.fullmatch(post.get("meta", {}).get("featured_media", ""))
    told = {**post, "slug": slug}
    # The picture of the draft that is there stays.
    if picture and not (there and there["featured_media"]):
        content = pressroom.output(picture[1], int(picture[2]))
        told["featured_media"] = _media(wordpress, slug, html.unescape(post.get("title", slug)), content)
    answer = wordpress.post(f"{POSTS}/{there['id']}" if there else POSTS, json=told)
    if answer.status_code == 400:
        raise Left(answer.json()["message"])
    return int(_checked(answer).json()["id"])


def _there(wordpress: httpx.Client, slug: str) -> dict[str, Any] | None:
    """The post of this slug, whatever its status; what is in the bin does not count."""
    query = {"slug": slug, "status": "any", "context": "edit"}
    found: list[dict[str, Any]] = _checked(wordpress.get(POSTS, params=query)).json()
    return found[0] if found else None


def _media(wordpress: httpx.Client, slug: str, title: str, content: bytes) -> int:
    name = slug.encode("ascii", "ignore").decode().strip("-") or "picture"  # headers are ASCII
    headers = {"Content-Type": "image/png", "Content-Disposition": f'attachment; filename="{name}.png"'}
    media = int(_checked(wordpress.post(MEDIA, content=content, headers=headers)).json()["id"])
    _checked(wordpress.post(f"{MEDIA}/{media}", json={"alt_text": title}))
    return media


def _checked(answer: httpx.Response) -> httpx.Response:
    return answer.raise_for_status()


def main() -> None:
    env = os.environ
    with (
        Client(env["PRESSROOM_URL"], env["PRESSROOM_API_KEY"]) as pressroom,
        httpx.Client(
            base_url=env["WORDPRESS_URL"], auth=(env["WORDPRESS_USER"], env["WORDPRESS_PASSWORD"]), timeout=30
        ) as wordpress,
    ):
        made, left = drafts(pressroom, wordpress, sys.argv[1])
    sys.stdout.write(f"{len(made)} drafts\n")
    if left:
        raise SystemExit("\n".join(left))


if __name__ == "__main__":
    main()
