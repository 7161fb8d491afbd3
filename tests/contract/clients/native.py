"""What a script needs besides the client that it tries: the server's own words about jobs, by urllib alone."""

import json
import os
import queue
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

URL, KEY = os.environ["PRESSROOM_URL"], os.environ["PRESSROOM_API_KEY"]
MODEL = "smollm2-135m-instruct"
EMBEDDER = "all-minilm-l6-v2"
LONG = 1_800
"""Tokens that take some seconds."""


def get(path: str) -> Any:
    """A native answer."""
    return send("GET", path)


def send(method: str, path: str, body: object = None) -> Any:
    """The same of another method."""
    content = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    asked = urllib.request.Request(URL + path, content, headers, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


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


@contextmanager
def receiver() -> Iterator[tuple[str, "queue.Queue[tuple[dict[str, str], str]]"]]:
    """An address for webhooks, and what comes in there: headers in small letters, and the body."""
    came: queue.Queue[tuple[dict[str, str], str]] = queue.Queue()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            came.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/in", came
        server.shutdown()


def passed(package: str, *what: str) -> None:
    """Told to whoever runs the script."""
    sys.stdout.write(f"{package} {version(package)}: {', '.join(what)}\n")
