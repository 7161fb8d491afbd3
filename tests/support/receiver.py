"""Somebody who is called by webhooks: writes down all that comes, and answers as it is told to."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request that came. ``at`` is in milliseconds since the epoch."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: int
    status: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """``answer`` gives the status for a message's id and how often it came before; 0 is no answer at all,
    until ``let_go``; below 0 it hangs up, having read everything."""

    def __init__(self, answer: Callable[[str, int], int] = lambda message, before: 200) -> None:
        self.answer = answer
        self.headers: dict[str, str] = {}
        self.heard: Callable[[Call], None] = lambda call: None
        """Is told of each call before it is answered, in the call's thread."""
        self._calls: list[Call] = []
        self._changed = threading.Condition()
        self._let_go = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    @property
    def calls(self) -> list[Call]:
        with self._changed:
            return list(self._calls)

    def wait_for(self, enough: Callable[[list[Call]], bool], timeout_s: float = 30.0) -> list[Call]:
        """All calls, once there are enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self._calls), timeout_s), self._calls
            return list(self._calls)

    def let_go(self) -> None:
        """Whoever was left without an answer is let go."""
        self._let_go.set()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers["Content-Length"])
        body = request.rfile.read(length)
        if len(body) < length:
            return  # whoever called died in the middle: this is no call
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._changed:
            before = sum(call.id == headers["webhook-id"] for call in self._calls)
            status = self.answer(headers["webhook-id"], before)
            call = Call(request.path, headers, body, time.time_ns() // 1_000_000, status)
            self._calls.append(call)
            self._changed.notify_all()
        self.heard(call)
        if status == 0:
            self._let_go.wait(60)
            return
        if status < 0:
            request.close_connection = True
            return
        request.send_response(status)
        for name, value in self.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()


@contextmanager
def receiver(answer: Callable[[str, int], int] = lambda message, before: 200) -> Iterator[Receiver]:
    """One on a free port."""
    made = Receiver(answer)
    made._thread.start()
    try:
        yield made
    finally:
        made.let_go()
        made._server.shutdown()
        made._server.server_close()
