"""Which processes a machine of one's own runs: front, relay, a text worker, an image worker."""

import socket
import sys
import time
from collections.abc import Mapping

from pydantic import SecretStr

from pressroom.jobs.ports import JobStore
from pressroom.settings import Settings
from pressroom.stack.children import ChildSpec
from pressroom.stack.ports import front_ready

# In this order they are stopped: first nothing new comes in, then what runs is finished.
FRONT_STAGE, WORK_STAGE, VALKEY_STAGE = 0, 1, 2
# What a worker needs beyond its drain to give leases back and to write the last events.
_AFTER_DRAIN_S = 15.0

# glibc keeps a heap for each thread, eight times as many as there are cores, and what is freed in one is of no
# use to the others: a process with many threads grows for hours. Whoever sets it outside has the last word.
_ALLOCATOR = {"MALLOC_ARENA_MAX": "2"}

# Where the processes of one machine tell their metrics: ``metrics_port`` plus this.
RELAY_METRICS, TEXT_METRICS, IMAGE_METRICS, FRONT_METRICS = 0, 1, 2, 3


def environment(settings: Settings, outer: Mapping[str, str]) -> dict[str, str]:
    """What the children are told: ``outer``, with every setting as the stack has decided it."""
    decided = {
        f"PRESSROOM_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings
        if value is not None
    }
    return {
        **_ALLOCATOR,
        **outer,
        **decided,
        "PRESSROOM_MODELS_DIR": str(settings.models),
        "PYTHONUNBUFFERED": "1",
    }


def processes(settings: Settings, env: Mapping[str, str], store: JobStore) -> list[ChildSpec]:
    """All but Valkey. A worker is ready when the database shows its process alive."""
    alive = _Alive(store)

    def metrics(offset: int) -> dict[str, str]:
        port = settings.metrics_port and settings.metrics_port + offset
        return {**env, "PRESSROOM_METRICS_PORT": str(port)}

    def worker(pool: str, metrics_offset: int) -> ChildSpec:
        return ChildSpec(
            name=f"worker-{pool}",
            command=_module("worker", "--pool", pool),
            env=metrics(metrics_offset),
            ready=alive.shows,
            stage=WORK_STAGE,
            grace_s=settings.drain_s + _AFTER_DRAIN_S,
        )

    front = ChildSpec(
        name="front",
        command=_module("front"),
        env=metrics(FRONT_METRICS),
        ready=lambda pid: front_ready(settings.host, settings.port),
        stage=FRONT_STAGE,
        grace_s=20.0,
    )
    relay = ChildSpec(
        name="relay",
        command=_module("relay"),
        env=metrics(RELAY_METRICS),
        ready=lambda pid: True,  # nobody waits for it: it only sweeps
        least_life_s=5.0,
        stage=WORK_STAGE,
        grace_s=15.0,
    )
    return [worker("text", TEXT_METRICS), worker("image", IMAGE_METRICS), front, relay]


class _Alive:
    """Which processes of this machine are live workers; one look serves all that ask at once."""

    _LOOK_AGAIN_S = 0.02

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
