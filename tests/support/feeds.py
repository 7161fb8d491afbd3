"""Feeds over HTTP, for tests: one that is taken, worked through, looked at and exported."""

import csv
import io
from typing import Any

from tests.support.front import Answer, Front


def made(front: Front, table: str | bytes, **plan: Any) -> dict[str, Any]:
    """A feed that was taken."""
    plan.setdefault("outputs", [{"template": "line"}, {"template": "seo-title"}])
    answer = front.post_feed(table, **plan)
    assert answer.status_code in (200, 202), answer.text
    told: dict[str, Any] = answer.json
    return told


def worked(front: Front) -> None:
    """All that waits is done."""
    while front.sweep().released or front.worker.turn():
        pass
    front.sweep()


def pieces(front: Front, feed: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = front.call("GET", f"/v1/feeds/{feed['id']}/pieces").json["items"]
    return found


def exported(front: Front, feed: dict[str, Any], **query: str) -> Answer:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = front.call("GET", f"/v1/feeds/{feed['id']}/export?{asked}")
    assert answer.status_code == 200, answer.text
    return answer


def rows(answer: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
