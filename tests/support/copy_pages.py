"""The forms of templates and voices without a browser: sent as one would, and what their pages say."""

import html
import re
from typing import Any

from flask.testing import FlaskClient
from tests.support.front import Front
from tests.support.pages import send
from werkzeug.test import TestResponse

WRITER = "writer"
DRAFT = {
    "name": "our-page",
    "channel": "seo_title",
    "locale": "en",
    "what": "title of a page",
    "body": "{{title|short}}{? of {{material}}?} – [[what it is for | 2-5 | for …; made for home]]",
    "variables": "title: What it is <b>called</b>.\nmaterial (optional)",
    "instructions": "Be <i>brief</i>.",
    "examples": "title: Oslo Lamp\nmaterial: oak\n> for long evenings",
}


def keep(browser: FlaskClient, path: str = "/templates", **fields: str) -> TestResponse:
    return send(browser, path, **{**DRAFT, "do": "save", **fields})


def look(browser: FlaskClient, do: str = "preview", path: str = "/templates", **fields: str) -> TestResponse:
    return send(browser, path, **{**DRAFT, "do": do, **fields})


def fields_of(page: str) -> dict[str, str]:
    """A form's fields as a browser would send them, with its line ends."""
    areas = re.findall(r'<textarea id="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    found = {name: html.unescape(text).replace("\n", "\r\n") for name, text in areas}
    found |= {n: html.unescape(v) for n, v in re.findall(r'<input id="([^"]+)"[^>]*value="([^"]*)"', page)}
    for name, options in re.findall(r'<select id="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: value for name, value in found.items() if not name.startswith("fact.")}


def alert_of(page: TestResponse) -> str:
    found = re.search(r'role="alert">(.*?)</p>', page.text, re.DOTALL)
    assert found is not None, page.text
    return html.unescape(found[1])


def told(page: TestResponse, field: str) -> str:
    """What is said at a field."""
    found = re.search(rf'id="wrong-{re.escape(field)}">(.*?)</p>', page.text, re.DOTALL)
    assert found is not None, page.text
    return html.unescape(found[1])


def version(front: Front, name: str) -> int:
    found = front.call("GET", f"/v1/templates/{name}").json
    return 0 if found.get("created_at") is None else int(found["version"])


def write(browser: FlaskClient, path: str = "/templates/our-page/write", **fields: Any) -> TestResponse:
    key = re.search(r'name="key" value="([^"]+)"', browser.get(path).text)
    given = {"key": key[1] if key else "", "model": WRITER, "fact.title": "Oslo <b>Lamp</b>", **fields}
    return send(browser, path, **given)


VOICE = {
    "name": "house",
    "locale": "en",
    "tone": "warm <b>and</b> plain",
    "audience": "first flats",
    "use": "home, calm",
    "avoid": "cheap\r\nbuy now",
    "examples": "We made a lamp.\r\nIt stands.\r\n\r\nAnother.",
}
