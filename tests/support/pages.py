"""The pages without a browser: signed in, with the forms' token."""

import re
from typing import Any

from flask.testing import FlaskClient
from tests.support.front import Front
from werkzeug.test import TestResponse


def token(page: TestResponse) -> str:
    """What a page's forms must show."""
    found = re.search(r'name="csrf" (?:content|value)="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def signed_in(front: Front, key: str | None = None) -> FlaskClient:
    """A browser whose owner has signed in, with the tenant's key or another one."""
    client = front.app.test_client()
    csrf = token(client.get("/sign-in"))
    response = client.post("/sign-in", data={"key": key or front.key, "csrf": csrf})
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    return client


def send(client: FlaskClient, path: str, **form: Any) -> TestResponse:
    """A form with its token."""
    return client.post(path, data={"csrf": token(client.get("/")), **form})
