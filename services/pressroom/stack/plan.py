"""Which processes a machine of one's own runs: front, relay, a text worker, an image worker."""

import socket
import sys
import time
from collections.abc import Mapping

from pressroom.jobs.ports import JobStore
from pressroom.settings import Settings
from pressroom.stack.children import ChildSpec
from pressroom.stack.ports import front_ready

# In this order they are stopped: first nothing new comes in, then what runs is finished.
FRONT_STAGE, WORK_STAGE, VALKEY_STAGE = 0, 1, 2
# What a worker needs beyond its drain to give leases back and to write the last events.
_AFTER_DRAIN_S = 15.0


def environment(settings: Settings, outer: Mapping[str, str]) -> dict[str, str]:
    """What the children are told: ``outer``, with the settings that the stack has decided itself."""
    decided = {
        "PRESSROOM_HOME": str(settings.home),
        "PRESSROOM_REDIS_URL": settings.redis_url,
        "PRESSROOM_HOST": settings.host,
        "PRESSROOM_PORT": str(settings.port),
        "PRESSROOM_SECRET": settings.secret.get_secret_value(),
        "PRESSROOM_MODELS_DIR": str(settings.models),
        "PRESSROOM_DATABASE_URL": settings.database_url,
        "PRESSROOM_ARTIFACTS_URL": settings.artifacts_url,
        "PRESSROOM_FRONT_PROCESSES": str(settings.front_processes),
        "PRESSROOM_DRAIN_S": str(settings.drain_s),
        "PYTHONUNBUFFERED": "1",
    }
    return {**outer, **decided}


def processes(settings: Settings, env: Mapping[str, str], store: JobStore) -> list[ChildSpec]:
    """All but Valkey. A worker is ready when the database shows its process alive."""
    alive = _Alive(store)

    def worker(pool: str) -> ChildSpec:
        return ChildSpec(
            name=f"worker-{pool}",
            command=_module("worker", "--pool", pool),
            env=env,
            ready=alive.shows,
            stage=WORK_STAGE,
            grace_s=settings.drain_s + _AFTER_DRAIN_S,
        )

    front = ChildSpec(
        name="front",
        command=_module("front"),
        env=env,
        ready=lambda pid: front_ready(settings.host, settings.port),
        stage=FRONT_STAGE,
        grace_s=20.0,
    )
    relay = ChildSpec(
        name="relay",
        command=_module("relay"),
        env=env,
        ready=lambda pid: True,  # nobody waits for it: it only sweeps
        stage=WORK_STAGE,
        grace_s=15.0,
    )
    return [worker("text"), worker("image"), front, relay]


class _Alive:
    """Which processes of this machine are live workers; one look serves all that ask at once."""

    _LOOK_AGAIN_S = 0.1

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._host = socket.gethostname()
        self._looked_at = float("-inf")
        self._pids: frozenset[int] = frozenset()

    def shows(self, pid: int) -> bool:
        """Raises DatabaseUnavailable."""
        if time.monotonic() - self._looked_at > self._LOOK_AGAIN_S:
            cards = self._store.live_workers()
            self._pids = frozenset(card.pid for card in cards if card.host == self._host)
            self._looked_at = time.monotonic()
        return pid in self._pids


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"pressroom.{name}", *arguments)
