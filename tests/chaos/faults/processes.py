"""Processes of Pressroom die, stand still and come back; the engine takes its process with it."""

import signal
from collections.abc import Callable, Sequence
from random import Random

from tests.acceptance.processes import Process, until
from tests.chaos.fault import Stage
from tests.chaos.faults.spell import spell


class Killed:
    """kill -9 of one process of a role, its children with it."""

    def __init__(self, role: str) -> None:
        self.name = f"{role}_killed"
        self._role = role

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        victim = _one(stage, self._role, dice)
        stage.busy()
        victim.kill()
        stage.restart(victim)


class WorkerFrozen:
    """SIGSTOP of a worker for longer than its lease: others take its jobs, and then it wakes up and
    goes on with what is no longer its own."""

    name = "worker_frozen"

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        victim = _one(stage, "worker", dice)
        stage.busy()
        victim.signal(signal.SIGSTOP)
        try:
            spell(dice, 1.2 * stage.lease_s, 1.6 * stage.lease_s)
        finally:
            victim.signal(signal.SIGCONT)


class EngineCrash:
    """A job whose first attempt ends the whole worker from within the engine's native code.

    ``post`` submits such a job."""

    name = "engine_crash"

    def __init__(self, post: Callable[[], None]) -> None:
        self._post = post

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        before = until(lambda: list(stage.processes("worker")), "a worker runs")
        stage.busy()
        self._post()

        def crashed() -> Process | None:
            return next((process for process in before if not process.running), None)

        victim = until(crashed, "the engine has taken a worker with it", 30)
        assert victim is not None
        stage.restart(victim)


def process_faults(post_crash: Callable[[], None] | None) -> Sequence[Killed | WorkerFrozen | EngineCrash]:
    """All of them; without ``post_crash`` (an engine that takes no orders) no crash of the engine."""
    crash = [EngineCrash(post_crash)] if post_crash is not None else []
    return (Killed("front"), Killed("relay"), Killed("worker"), WorkerFrozen(), *crash)


def _one(stage: Stage, role: str, dice: Random) -> Process:
    alive = until(lambda: list(stage.processes(role)), f"a {role} runs", 60)
    return dice.choice(sorted(alive, key=lambda process: process.name))
