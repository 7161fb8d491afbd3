"""The servers beside Pressroom die and come back, with what they had on disk or without."""

from random import Random

from tests.chaos.fault import Stage
from tests.chaos.faults.spell import spell


class ValkeyKilled:
    """kill -9; it comes back with its append-only file."""

    name = "valkey_killed"

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        stage.busy()
        stage.valkey.kill()
        try:
            spell(dice, 0.0, 1.5)
        finally:
            stage.valkey.start()


class ValkeyWiped:
    """All tickets, streams and cached results are gone: at once while it serves, or with its disk."""

    name = "valkey_wiped"

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        stage.busy()
        if dice.random() < 0.5:
            stage.valkey.flush()
            return
        stage.valkey.kill()
        try:
            stage.valkey.lose()
            spell(dice, 0.0, 1.0)
        finally:
            stage.valkey.start()


class PostgresStopped:
    """Immediate stop; it comes back and recovers from its log."""

    name = "postgres_stopped"

    def fits(self, stage: Stage) -> bool:
        return stage.postgres is not None

    def hit(self, stage: Stage, dice: Random) -> None:
        assert stage.postgres is not None
        stage.busy()
        stage.postgres.kill()
        try:
            spell(dice, 0.0, 1.5)
        finally:
            stage.postgres.start()
