"""Starts everything on one machine and keeps it running: the order of a start, and of a stop.

    start   lock, port, leftovers, secret, Valkey, migrations, first key, all others at once
    stop    front, then workers and relay (they finish what runs), then Valkey

A second stack of the same home, a taken port and an unreachable Redis are told before anything starts.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from pressroom.bootstrap import admin
from pressroom.bootstrap.admin import AdminParts
from pressroom.bootstrap.queue import open_cache
from pressroom.settings import Settings
from pressroom.stack import plan, ports, valkey, watchdog
from pressroom.stack.children import Children, ChildSpec
from pressroom.stack.first_key import first_key
from pressroom.stack.lock import HomeLock
from pressroom.stack.records import Record, Records, end
from pressroom.stack.secret import server_secret
from pressroom.stack.stopping import Stopping

_LEFTOVER_GRACE_S = 5.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack whose every process is ready. ``new_key`` is the token of the key made just now, if any."""

    settings: Settings
    address: str
    new_key: str | None
    admin: AdminParts
    seconds: dict[str, float]
    pids: dict[str, int]
    _children: Children

    def watch(self, stop: Callable[[], bool]) -> None:
        """Restart what crashes until ``stop`` says so. Raises ChildFailed."""
        self._children.watch(stop=stop)


@contextmanager
def running(settings: Settings, stopping: Stopping, say: Say) -> Iterator[RunningStack | None]:
    """Start all; stop all behind the block. None: it was told to stop before all were ready.

    Raises StackError, DatabaseUnavailable, RedisUnavailable."""
    if settings.port == 0:
        settings = settings.model_copy(update={"port": ports.free_port(settings.host)})
    address = ports.address(settings.host, settings.port)
    with HomeLock(settings.home, address):
        records = Records(settings.home)
        own = _own_valkey(settings)
        adopted = _clear_up(records, own, say)
        ports.check_free(settings.host, settings.port)
        settings = settings.model_copy(
            update={
                "redis_url": own.url if own else valkey.given_url(settings, os.environ),
                "secret": settings.secret
                if settings.secret.get_secret_value()
                else SecretStr(server_secret(settings.home)),
            }
        )
        children = Children(
            records,
            settings.home / "logs",
            log_bytes=settings.log_turn_bytes,
            log_keep=settings.log_keep,
            on_restart=lambda name, reason: say(f"{name} {reason}; it is started again."),
        )
        dog = watchdog.start(settings.home, records)
        try:
            env = plan.environment(settings, os.environ)
            if own is not None:
                _start_valkey(children, own.spec(env, plan.VALKEY_STAGE), adopted)
            admin.migrate(settings)
            with admin.admin_parts(settings) as parts:
                yield _all_ready(settings, address, children, parts, stopping)
        finally:
            children.stop(hurry=lambda: stopping.hurried)
            records.clear()
            dog.close()
            if own is not None:
                own.forget()


def _all_ready(
    settings: Settings, address: str, children: Children, parts: AdminParts, stopping: Stopping
) -> RunningStack | None:
    if not children.await_ready(stop=stopping):  # Valkey
        return None
    open_cache(settings).ping()
    key = first_key(parts.keys)
    for spec in plan.processes(settings, plan.environment(settings, os.environ), parts.store):
        children.start(spec)
    if not children.await_ready(stop=stopping):
        return None
    return RunningStack(settings, address, key, parts, children.seconds_to_ready(), children.pids(), children)


def _own_valkey(settings: Settings) -> valkey.OwnValkey | None:
    if valkey.given_url(settings, os.environ):
        return None
    return valkey.own(settings.home, settings.redis_memory_mb)


def _clear_up(records: Records, own: valkey.OwnValkey | None, say: Say) -> int | None:
    """End what a killed stack has left; the pid of its Valkey, if that still serves."""
    serving = valkey.serving_pid(own.socket) if own else None
    left = [record for record in records.live() if record.pid != serving]
    if any(record.name != "watchdog" for record in left):
        say("Ending what a killed stack has left.")
    end(_hastened(left))
    records.clear()
    # Its watchdog may have told it to stop meanwhile.
    return serving if own and serving is not None and valkey.ping(own.socket) else None


def _hastened(records: list[Record]) -> list[Record]:
    return [Record(r.name, r.pid, r.birth, r.stage, min(r.grace_s, _LEFTOVER_GRACE_S)) for r in records]


def _start_valkey(children: Children, spec: ChildSpec, adopted: int | None) -> None:
    if adopted is None:
        children.start(spec)
    else:
        children.adopt(spec, adopted)
