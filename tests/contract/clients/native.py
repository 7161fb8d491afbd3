"""What a script needs besides the client that it tries: the server's own words about jobs, by urllib alone."""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

URL, KEY = os.environ["PRESSROOM_URL"], os.environ["PRESSROOM_API_KEY"]
MODEL = "smollm2-135m-instruct"
LONG = 1_800
"""Tokens that take some seconds."""


def get(path: str) -> Any:
    """A native answer."""
    asked = urllib.request.Request(URL + path, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def job_of(completion_id: str) -> Any:
    """The job behind a completion."""
    return get(f"/v1/jobs/{completion_id[completion_id.index('job_') :]}")


def newest() -> Any:
    """The job that was posted last."""
    return get("/v1/jobs?limit=1")["items"][0]


def is_canceled(job_id: str, within_s: float = 15.0) -> None:
    """It is soon."""
    until = time.monotonic() + within_s
    while (state := get(f"/v1/jobs/{job_id}")["status"]) != "canceled":
        assert state in ("queued", "running"), state
        assert time.monotonic() < until, "it goes on"
        time.sleep(0.05)


def raises(kind: type[BaseException], call: Callable[[], object]) -> Any:
    """The error of that kind that ``call`` ends with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def passed(package: str, *what: str) -> None:
    """Told to whoever runs the script."""
    sys.stdout.write(f"{package} {version(package)}: {', '.join(what)}\n")
