"""The front's own process: what it says when it cannot start, and how it stops."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.acceptance.starter import Forked, starter
from tests.services.ports import free_port
from tests.services.valkey import Valkey

from pressroom.adapters.sql import schema
from pressroom.bootstrap.stores import open_database, open_key_store
from pressroom.front.counters import SHARED_MEMORY
from pressroom.jobs.keys import Keyring
from pressroom.settings import Settings

START_S = 30


class Served:
    """``python -m pressroom.front`` on a fresh SQLite database, forked from a process that has done the imports."""

    def __init__(self, home: Path, redis_url: str, **env: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PRESSROOM_")},
            "PRESSROOM_HOME": str(home),
            "PRESSROOM_REDIS_URL": redis_url,
            "PRESSROOM_SECRET": "secret",
            "PRESSROOM_PORT": str(self.port),
            "PRESSROOM_LOG_LEVEL": "warning",
            **env,
        }
        self.process: Forked | None = None

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    def migrated(self) -> "Served":
        schema.upgrade(self.settings.database)
        return self

    def key(self) -> str:
        database = open_database(self.settings)
        try:
            return Keyring(open_key_store(self.settings, database)).issue("acme").token
        finally:
            database.close()

    def start(self) -> "Served":
        self.process = self._forked(stderr=2)
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/healthz", timeout=5)
                return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the front does not answer")

    def refused(self) -> str:
        """What it says when it does not start."""
        said = self.home / "said"
        with said.open("wb") as stderr:
            process = self._forked(stderr.fileno())
        assert process.wait(START_S) == 1
        text = said.read_text()
        assert "Traceback" not in text
        return text

    def _forked(self, stderr: int) -> Forked:
        return starter().start("pressroom.front", (), self.env, Path.cwd(), stderr)

    @property
    def family(self) -> list[psutil.Process]:
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=30)


@pytest.fixture
def served(tmp_path: Path, valkey: Valkey) -> Iterator[Served]:
    made = Served(tmp_path, valkey.url)
    yield made
    made.stop()


def test_a_taken_port_is_said_in_one_line(served: Served) -> None:
    served.migrated()
    with socket.create_server(("127.0.0.1", served.port)):
        said = served.refused()
    assert said.count("\n") == 1
    assert f"127.0.0.1:{served.port} already" in said


def test_a_killed_fronts_port_is_free_while_its_connections_are_open_still(served: Served) -> None:
    """Whoever is slow to ask keeps a process of the front for many seconds, but not its port."""
    served.migrated().start()
    with socket.create_connection(("127.0.0.1", served.port)) as slow:
        slow.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.5)  # it is inside
        parent, *children = served.family
        parent.kill()
        until = time.monotonic() + 5
        while True:
            try:
                socket.create_server(("127.0.0.1", served.port)).close()
                break
            except OSError:
                assert time.monotonic() < until, "the port is held"
                time.sleep(0.05)
        assert any(child.is_running() for child in children)


def test_a_port_that_is_left_in_a_moment_is_waited_for(served: Served) -> None:
    """As that of a front that was killed, whose processes have not noticed yet."""
    served.migrated()
    held = socket.create_server(("127.0.0.1", served.port))
    leaving = threading.Timer(1.5, held.close)
    leaving.start()
    try:
        served.start()
    finally:
        leaving.join()
    assert httpx.get(f"{served.url}/healthz", timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PRESSROOM_SECRET": ""}, "PRESSROOM_SECRET is not set"),
        ({"PRESSROOM_REDIS_URL": ""}, "PRESSROOM_REDIS_URL is not set"),
        ({"PRESSROOM_PORT": "many"}, "PRESSROOM_PORT"),
        ({"PRESSROOM_HOST": "256.1.1.1"}, "Cannot listen"),
        ({"PRESSROOM_DATABASE_URL": "nonsense://"}, "use SQLite or PostgreSQL"),
        ({"PRESSROOM_ARTIFACTS_URL": "ftp://x"}, "PRESSROOM_ARTIFACTS_URL"),
    ],
)
def test_a_wrong_setting_is_said_in_one_line(served: Served, changes: dict[str, str], words: str) -> None:
    served.migrated()
    served.env |= changes
    said = served.refused()
    assert words in said
    assert said.count("\n") == 1


def test_a_database_that_was_never_migrated_is_said(served: Served) -> None:
    assert "migrate" in served.refused()


def test_it_serves_in_several_processes_and_stops_with_streams_open(served: Served) -> None:
    served.migrated().start()
    auth = {"Authorization": f"Bearer {served.key()}"}
    job = httpx.post(f"{served.url}/v1/jobs", json={"model": "vae-fashion"}, headers=auth, timeout=30).json()
    assert httpx.get(f"{served.url}/readyz", timeout=30).json()["status"] == "ready"
    heads: list[int] = []
    all_open = threading.Semaphore(0)

    def follow() -> None:
        with httpx.stream(
            "GET", f"{served.url}/v1/jobs/{job['id']}/events", headers=auth, timeout=60
        ) as stream:
            heads.append(stream.status_code)
            lines = stream.iter_lines()
            next(lines)
            all_open.release()
            for _ in lines:
                pass

    clients = [threading.Thread(target=follow) for _ in range(12)]
    for client in clients:
        client.start()
    for _ in clients:
        assert all_open.acquire(timeout=30)
    family = served.family
    assert len(family) == 1 + 2
    assert served.process is not None
    started = time.monotonic()
    os.kill(served.process.pid, signal.SIGTERM)
    assert served.process.wait(timeout=30) == 0
    assert time.monotonic() - started < 8, "it waited for its streams"
    for client in clients:
        client.join(timeout=10)
    assert heads == [200] * 12
    assert not any(process.is_running() for process in family)


def test_workers_end_when_their_parent_is_killed(served: Served) -> None:
    served.migrated().start()
    parent, *children = served.family
    parent.kill()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []


def test_without_redis_it_starts_and_accepts(served: Served) -> None:
    served.env["PRESSROOM_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    served.migrated().start()
    auth = {"Authorization": f"Bearer {served.key()}"}
    response = httpx.post(f"{served.url}/v1/jobs", json={"model": "vae-fashion"}, headers=auth, timeout=30)
    assert response.status_code == 202
    ready = httpx.get(f"{served.url}/readyz", timeout=30)
    assert ready.status_code == 503
    assert ready.json()["redis"].startswith("redis_unavailable")
    assert ready.json()["database"] == "ok"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA\x00: b\r\n\r\n",
    ],
)
def test_what_is_no_http_is_not_a_500(served: Served, request_bytes: bytes) -> None:
    served.migrated().start()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request_bytes)
        answer = connection.recv(65_536)
    status: Any = answer.split(b" ", 2)[1]
    assert 300 <= int(status) < 500
    assert b"Traceback" not in answer


def _counts(served: Served, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The samples of a metric by their labels, as all processes together tell it."""
    told = httpx.get(f"http://127.0.0.1:{served.env['PRESSROOM_METRICS_PORT']}/metrics", timeout=10).text
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if sample.name == name
    }


def _post(served: Served, key: str, times: int) -> None:
    # A connection each, so that every process gets some.
    for _ in range(times):
        answer = httpx.post(
            f"{served.url}/v1/jobs",
            json={"model": "vae-fashion"},
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        assert answer.status_code == 202


def _eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + START_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


NEW = (("outcome", "new"), ("pool", "image"))


def test_counts_are_right_across_processes_and_their_ends(served: Served) -> None:
    served.env["PRESSROOM_METRICS_PORT"] = str(free_port())
    served.migrated().start()
    key = served.key()
    _post(served, key, 40)
    assert _counts(served, "pressroom_submits_total") == {NEW: 40}
    posts = (("endpoint", "jobs.post_job"), ("method", "POST"), ("status", "202"))
    for round_ in (1, 2, 3):
        _, *children = served.family
        children[0].kill()
        _eventually(lambda: len(served.family) == 3 and served.family[1:] != children)  # noqa: B023
        _eventually(lambda: httpx.get(f"{served.url}/healthz").status_code == 200)
        _post(served, key, 10)
        assert _counts(served, "pressroom_submits_total") == {NEW: 40 + 10 * round_}
        assert _counts(served, "pressroom_http_requests_total")[posts] == 40 + 10 * round_
        seconds = _counts(served, "pressroom_http_request_seconds_count")
        assert seconds[(("endpoint", "jobs.post_job"),)] == 40 + 10 * round_
    (folder,) = SHARED_MEMORY.glob(f"pressroom-*-{served.port}")
    # Three kinds of two processes, and what the ended ones counted, of two kinds.
    assert len(list(folder.iterdir())) <= 3 * 2 + 2
    served.stop()
    assert not folder.exists()


def test_open_streams_are_those_of_living_processes(served: Served) -> None:
    served.env["PRESSROOM_METRICS_PORT"] = str(free_port())
    served.env["PRESSROOM_FRONT_PROCESSES"] = "1"
    served.migrated().start()
    auth = {"Authorization": f"Bearer {served.key()}"}
    job = httpx.post(f"{served.url}/v1/jobs", json={"model": "vae-fashion"}, headers=auth, timeout=30).json()
    with httpx.stream("GET", f"{served.url}/v1/jobs/{job['id']}/events", headers=auth) as stream:
        next(stream.iter_raw())
        assert _counts(served, "pressroom_streams_open") == {(): 1}
        _, child = served.family
        child.kill()
    _eventually(lambda: _counts(served, "pressroom_streams_open").get((), 0) == 0)


def test_what_a_killed_front_has_left_counts_no_more(served: Served) -> None:
    served.env["PRESSROOM_METRICS_PORT"] = str(free_port())
    served.migrated().start()
    key = served.key()
    _post(served, key, 5)
    family = served.family
    for process in family:
        process.kill()
    psutil.wait_procs(family[1:], timeout=15)
    assert served.process is not None
    served.process.wait(timeout=15)
    served.start()
    _post(served, key, 3)
    assert _counts(served, "pressroom_submits_total") == {NEW: 3}


def test_a_taken_metrics_port_is_said_in_one_line(served: Served) -> None:
    served.migrated()
    with socket.create_server(("", 0)) as taken:
        served.env["PRESSROOM_METRICS_PORT"] = str(taken.getsockname()[1])
        said = served.refused()
    assert said.count("\n") == 1
    assert "PRESSROOM_METRICS_PORT" in said
