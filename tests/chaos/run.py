"""One run: build a stage, put it under load, break it for a while, heal it, wait, and count."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos import ledger as ledgers
from tests.chaos.control import change
from tests.chaos.fault import Fault
from tests.chaos.faults.clock import ClockStep
from tests.chaos.faults.disk import ArtifactsFull, SqliteFull
from tests.chaos.faults.network import network_faults
from tests.chaos.faults.processes import process_faults
from tests.chaos.faults.services import PostgresStopped, ValkeyKilled, ValkeyWiped
from tests.chaos.hook import hook
from tests.chaos.invariants import WRONG, Rules, Violation, violations
from tests.chaos.lanes import Lanes
from tests.chaos.load import Load
from tests.chaos.report import Report, report
from tests.chaos.stage import ERRORS_LIMIT, TOLD_TENANT, Scene, staged
from tests.chaos.story import Account, account
from tests.chaos.truth import Truth, collect, unended

from pressroom.domain.retry import RetryPolicy

_STORIES = 3
_CRASHED = -11


@dataclass(frozen=True, slots=True)
class Plan:
    """``only``: names of the faults to use, empty is all that fit; ``mutation``: see ``mutations``;
    ``settle_s``: how long accepted jobs may take to end once all is healed."""

    database: str
    seconds: float
    seed: int
    engine: str = "fake"
    only: Sequence[str] = ()
    workers: int = 3
    mutation: str = ""
    settle_s: float = 120.0


def run(plan: Plan, folder: Path) -> Report:
    """What came of it. ``folder`` takes everything that the run writes. Raises NoServer, and
    AssertionError where the suite itself did not get on."""
    path = folder / "ledger.jsonl"
    with (
        ledgers.Ledger(path) as ledger,
        hook(ledger) as told_of_ends,
        staged(
            plan.database,
            folder,
            told_of_ends,
            engine=plan.engine,
            workers=plan.workers,
            mutation=plan.mutation,
        ) as scene,
    ):
        load = Load(scene.url, scene.keys, ledger, plan.seed, engine=plan.engine)
        try:
            load.start()
            lanes = Lanes(scene.stage, _lanes(plan, load), plan.seed, ledger.write)
            lanes.run(plan.seconds)
            load.stop()
            _heal(scene)
            began = time.monotonic()
            settled = load.settle(plan.settle_s) and _all_end(scene, began + plan.settle_s)
            settle_s = round(time.monotonic() - began, 1)
            broken = [*lanes.broken, *load.broken]
            assert not broken, f"the suite itself broke: {broken}"
        finally:
            load.close()
        known = account(ledgers.read(path))
        truth = collect(
            scene.truth,
            scene.artifacts,
            scene.url,
            scene.keys,
            [(one.id, one.tenant) for one in known.jobs.values()],
        )
        rules = Rules(
            RetryPolicy(errors_limit=ERRORS_LIMIT), fake=plan.engine == "fake", told=frozenset({TOLD_TENANT})
        )
        found = [*violations(known, truth, rules), *_exits(scene, known)]
        told = report(
            known,
            truth,
            found,
            lanes.hits,
            seed=plan.seed,
            database=plan.database,
            seconds=plan.seconds,
            engine=plan.engine,
            settled=settled,
            settle_s=settle_s,
            missed=sum(lanes.misses.values()),
        )
        return replace(told, stories=_stories(found, known, truth, path, scene))


def _lanes(plan: Plan, load: Load) -> dict[str, list[Fault]]:
    lanes: dict[str, list[Fault]] = {
        "processes": [*process_faults(load.post_crash if plan.engine == "fake" else None)],
        "servers": [ValkeyKilled(), ValkeyWiped(), PostgresStopped(), *network_faults()],
        "adapters": [ArtifactsFull(), SqliteFull(), ClockStep()],
    }
    if not plan.only:
        return lanes
    return {name: [one for one in faults if one.name in plan.only] for name, faults in lanes.items()}


def _heal(scene: Scene) -> None:
    """Each fault has healed what it broke; this waits until all processes run again."""
    change(scene.stage.control, wall_ms=0, files_full=False, sqlite_full=False)
    scene.stage.valkey_line.heal()
    if scene.stage.database_line is not None:
        scene.stage.database_line.heal()
    scene.supervisor.all_ready(90)


def _all_end(scene: Scene, deadline: float) -> bool:
    """Those too whose answer was lost: nobody waits for them, and one may rest before another try."""
    while unended(scene.truth):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _exits(scene: Scene, known: Account) -> list[Violation]:
    """No process ends by itself, whatever is away; in the engine it crashes once for each order to."""
    exits = scene.supervisor.exits
    crashed = [one for one in exits if one.status == _CRASHED]
    ordered = sum(order["trouble"].startswith("<crash") for order in known.orders.values())
    unordered = [one for one in exits if one.status != _CRASHED] + crashed[ordered:]
    return [
        Violation(WRONG, "", f"{one.name} ended by itself with {one.status}:\n{one.log}") for one in unordered
    ]


def _stories(
    found: Sequence[Violation], known: Account, truth: Truth, ledger: Path, scene: Scene
) -> list[str]:
    """All that is known of the first jobs to blame: ledger, row, and every log line that names them."""
    entries = ledgers.read(ledger)
    faults = [
        f"{entry['at']} {entry['name']} {entry['phase']}" for entry in entries if entry["what"] == "fault"
    ]
    stories = []
    for job_id in list(dict.fromkeys(one.job for one in found if one.job))[:_STORIES]:
        one = known.jobs.get(job_id)
        number = one.number if one is not None else None
        told = [
            str(entry) for entry in entries if entry.get("job") == job_id or entry.get("number") == number
        ]
        logged = [line for line in scene.group.said().splitlines() if job_id in line]
        what = [violation.what for violation in found if violation.job == job_id]
        stories.append(
            "\n".join([f"=== {job_id}", *what, str(truth.jobs.get(job_id)), *told, *sorted(logged)])
        )
    return stories + (["=== faults\n" + "\n".join(faults)] if stories else [])


def show(stories: Sequence[str]) -> None:
    """Tell the stories where people look, and not where the last line has to be JSON."""
    for story in stories:
        print(story, file=sys.stderr)  # noqa: T201
