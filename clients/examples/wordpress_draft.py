"""A draft post in WordPress, with a picture found by its words.

    export PRESSROOM_URL=http://127.0.0.1:8017 PRESSROOM_API_KEY=pr_…
    export WORDPRESS_URL=https://blog.example WORDPRESS_USER=editor WORDPRESS_PASSWORD="abcd efgh …"
    python clients/examples/wordpress_draft.py "Blue mug, fired twice"

The password is an application password (Users → Profile). A person reads the draft and publishes it. Run again with the same topic it
changes the draft that is there, and nothing is made twice: jobs have the topic as their key.
"""

import html
import os
import re
import sys

import httpx

from pressroom.client import Client
from pressroom.contract.jobs import JobView

POSTS, MEDIA = "/wp-json/wp/v2/posts", "/wp-json/wp/v2/media"


def draft(pressroom: Client, wordpress: httpx.Client, topic: str) -> int:
    """The draft's number. Raises JobFailed, ApiProblem, httpx.HTTPStatusError."""
    slug = re.sub(r"[^a-z0-9]+", "-", topic.lower()).strip("-")
    text, picture = _ordered(pressroom, topic, slug)
    words = _done(pressroom, text).outputs[0].text or ""
    content = pressroom.output(_done(pressroom, picture))
    found = _checked(wordpress.get(POSTS, params={"slug": slug, "status": "draft", "context": "edit"})).json()
    post = {
        "title": topic,
        "slug": slug,
        "status": "draft",
        "content": _paragraphs(words),
        # The picture of the draft that is there stays.
        "featured_media": (found[0].get("featured_media") if found else 0)
        or _media(wordpress, slug, topic, content),
    }
    path = f"{POSTS}/{found[0]['id']}" if found else POSTS
    return int(_checked(wordpress.post(path, json=post)).json()["id"])


def _ordered(pressroom: Client, topic: str, slug: str) -> tuple[JobView, JobView]:
    """Both at once: they are made side by side."""
    writer = pressroom.pick_model("text")
    painter = pressroom.pick_model("image", "icon")
    text = {
        "model": writer.name,
        "input": {"prompt": f"Write two short paragraphs for a shop's blog about: {topic}"},
        "params": {"max_tokens": 200},
        "metadata": {"wordpress": slug[:500]},
    }
    picture = {
        "model": painter.name,
        "input": {"prompt": topic},
        "params": {"operation": "icon", "size": 512},
        "metadata": {"wordpress": slug[:500]},
    }
    return (
        pressroom.submit(text, idempotency_key=f"wordpress text {slug}"[:255]),
        pressroom.submit(picture, idempotency_key=f"wordpress picture {slug}"[:255]),
    )


def _done(pressroom: Client, job: JobView) -> JobView:
    ended = pressroom.wait(job.id)
    if ended.status != "succeeded":
        raise SystemExit(f"{ended.id} ended {ended.status}: {ended.error}")
    return ended


def _media(wordpress: httpx.Client, slug: str, topic: str, content: bytes) -> int:
    headers = {"Content-Type": "image/png", "Content-Disposition": f'attachment; filename="{slug}.png"'}
    media = int(_checked(wordpress.post(MEDIA, content=content, headers=headers)).json()["id"])
    _checked(wordpress.post(f"{MEDIA}/{media}", json={"alt_text": topic}))
    return media


def _paragraphs(text: str) -> str:
    """As WordPress's editor has them. What a model wrote is text, never markup."""
    parts = [html.escape(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "\n".join(f"<!-- wp:paragraph --><p>{part}</p><!-- /wp:paragraph -->" for part in parts)


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
        number = draft(pressroom, wordpress, sys.argv[1])
    sys.stdout.write(f"{env['WORDPRESS_URL']}/?p={number}&preview=true\n")


if __name__ == "__main__":
    main()
