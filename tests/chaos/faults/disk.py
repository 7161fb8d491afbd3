"""Full disks: the artifact store's, in the middle of a file, and SQLite's."""

from random import Random

from tests.chaos.control import change
from tests.chaos.fault import Stage
from tests.chaos.faults.spell import spell


class ArtifactsFull:
    """Shorter than the tries of one attempt to store its pictures: nobody's error budget is used up."""

    name = "artifacts_full"

    def fits(self, stage: Stage) -> bool:
        return True

    def hit(self, stage: Stage, dice: Random) -> None:
        stage.busy()
        change(stage.control, files_full=True)
        try:
            spell(dice, 0.5, 2.0)
        finally:
            change(stage.control, files_full=False)


class SqliteFull:
    """SQLite's file may not grow."""

    name = "sqlite_full"

    def fits(self, stage: Stage) -> bool:
        return stage.database == "sqlite"

    def hit(self, stage: Stage, dice: Random) -> None:
        stage.busy()
        change(stage.control, sqlite_full=True)
        try:
            spell(dice, 0.5, 2.0)
        finally:
            change(stage.control, sqlite_full=False)
