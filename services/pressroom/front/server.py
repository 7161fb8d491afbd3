"""The front under gunicorn: a few processes, many threads, streams that let go on SIGTERM.

Each open stream holds one thread, so there are as many threads as streams and some more for short
requests. Modules and the tokenizer are loaded before the fork and shared; parts are built after it,
in each worker.
"""

import errno
import logging
import socket
import threading
import time
from typing import Any, cast

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from pressroom.adapters.host.collector import spare_what_is_here
from pressroom.adapters.host.exposition import Exposition
from pressroom.bootstrap.front import FrontParts, front_parts, prompt_counter
from pressroom.front.app import create_app
from pressroom.front.counters import Counters
from pressroom.front.metrics import FrontMetrics
from pressroom.settings import Settings
from pressroom.telemetry import get_logger

_GRACE_S = 15
# How long a port that is taken is waited for, and how often it is looked at.
_PATIENCE_S, _LOOK_S = 6.0, 0.1


class FrontWorker(ThreadWorker):  # type: ignore[misc]
    """A worker whose streams end when it is told to stop: clients resume at another process."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self._end_streams()

    def is_parent_alive(self) -> bool:
        alive: bool = super().is_parent_alive()
        if not alive:
            self._end_streams()
            # Gunicorn keeps them until all requests are answered, and that long nobody else could listen.
            self.set_accept_enabled(False)
            for listener in self.sockets:
                listener.close()
        return alive

    def _end_streams(self) -> None:
        parts: FrontParts = self.app.parts
        # In a thread of its own: a signal handler must not wait for a lock.
        threading.Thread(target=parts.follower.stop, name="end-streams").start()


class QuietLogger(Logger):  # type: ignore[misc]
    """Gunicorn's lines through the project's log; requests are logged by the app."""

    def setup(self, cfg: Any) -> None:
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)

    def access(self, *_: Any) -> None:
        pass


class FrontServer(BaseApplication):  # type: ignore[misc]
    """Serves on a socket that is bound already."""

    parts: FrontParts

    def __init__(self, settings: Settings, listener: socket.socket, telling: "Telling | None" = None) -> None:
        self._settings = settings
        self._listener = listener
        self._telling = telling
        self._counter = prompt_counter(settings)
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {
            "bind": [f"fd://{self._listener.fileno()}"],
            "workers": settings.front_processes,
            "threads": settings.front_threads,
            # Kept-alive connections beside those that are being answered.
            "worker_connections": settings.front_threads + 1_000,
            "worker_class": FrontWorker,
            "logger_class": QuietLogger,
            "graceful_timeout": _GRACE_S,
            "keepalive": 30,
            "control_socket_disable": True,
            "proc_name": "pressroom-front",
            "pre_fork": lambda _, worker: spare_what_is_here(),
            "worker_exit": lambda _, worker: (
                worker.app.parts.close() if hasattr(worker.app, "parts") else None
            ),
        }
        if self._telling is not None:
            options |= self._telling.hooks()
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in each worker, after the fork."""
        self.parts = front_parts(self._settings, self._counter)
        return create_app(self.parts, FrontMetrics(CollectorRegistry()))


class Telling:
    """Tells what all processes have counted, on a port of its own, from a thread of gunicorn's master."""

    def __init__(self, counters: Counters, port: int) -> None:
        """Raises MetricsPortTaken."""
        registry = CollectorRegistry()
        registry.register(cast(Collector, counters))
        self._counters = counters
        self._exposition = Exposition(registry, lambda: None, port=port)

    def hooks(self) -> dict[str, Any]:
        """What gunicorn is to call."""
        return {
            "when_ready": lambda _: self._exposition.start(),
            "post_fork": lambda _, __: self._exposition.leave(),
            "child_exit": lambda _, worker: self._counters.bury(worker.pid),
            "on_exit": lambda _: self._counters.remove(),
        }


def listen(host: str, port: int, *, patience_s: float = _PATIENCE_S) -> socket.socket:
    """Bind and listen. A port that is taken is waited for: processes of a front that was killed hold theirs until they notice.

    Raises OSError."""
    until = time.monotonic() + patience_s
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                raise
            time.sleep(_LOOK_S)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2_048)
        listener.set_inheritable(True)
    except OSError:
        listener.close()
        raise
    return listener


def serve(settings: Settings, listener: socket.socket, telling: Telling | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    host, port = listener.getsockname()[:2]
    get_logger(__name__).info(
        "front_listens",
        host=host,
        port=port,
        processes=settings.front_processes,
        threads=settings.front_threads,
    )
    FrontServer(settings, listener, telling).run()
