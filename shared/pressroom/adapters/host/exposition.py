"""``/metrics`` and ``/healthz`` of a process that serves nothing else, on a port of their own."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from pressroom.domain.errors import PressroomError


class MetricsPortTaken(PressroomError):
    code = "metrics_port_taken"


class Exposition:
    """A small HTTP server in a thread. ``health`` says what is wrong, or None when all is well."""

    def __init__(
        self, registry: CollectorRegistry, health: Callable[[], str | None], *, port: int, host: str = ""
    ) -> None:
        """Binds at once; port 0 takes a free one. Raises MetricsPortTaken."""
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(registry, health))
        except OSError as error:
            raise MetricsPortTaken(
                f"Cannot tell metrics on port {port} ({error.strerror}). Stop what listens there, or set "
                "PRESSROOM_METRICS_PORT to a free port; 0 tells none."
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="metrics", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def leave(self) -> None:
        """In a process that was forked from the one that serves: let go of the port."""
        self._server.socket.close()

    def stop(self) -> None:
        if self._thread.ident is not None:
            self._server.shutdown()
        self._server.server_close()


def _handler(registry: CollectorRegistry, health: Callable[[], str | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                case "/healthz":
                    wrong = health()
                    self._answer(503 if wrong else 200, "text/plain; charset=utf-8", (wrong or "ok").encode())
                case _:
                    self._answer(404, "text/plain; charset=utf-8", b"Here are /metrics and /healthz.")

        def _answer(self, status: int, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's word)
            """A scrape is no event."""

    return Handler
