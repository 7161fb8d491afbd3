"""How long after a fault the next job succeeds: worker, Valkey, PostgreSQL, relay.

    make bench-recovery, or python benchmarks/recovery.py [--rounds 5]

The stage of the chaos suite (front, relay, one text worker with the fake engine, Valkey and PostgreSQL behind
their lines) runs with the settings of production: a lease of a minute, a look every second. One fault hits;
then jobs are posted until one is accepted, and it is waited for. ``seconds`` is from the fault until that job
has succeeded; ``held_seconds`` (worker killed) until the job that ran when the fault hit has succeeded, which
waits for its lease. The killed process is started again at once, as the stack or a service manager does.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from record import record

from pressroom.settings import Settings

sys.path.append(str(Path(__file__).parents[1]))
from tests.acceptance.press import text_body
from tests.chaos.hook import hook
from tests.chaos.ledger import Ledger
from tests.chaos.stage import Scene, staged

_GIVE_UP_S = 180.0
# The suite looks and sweeps more often than a stack does that nobody has set.
_AS_USUAL = {name: Settings.model_fields[name].default for name in ("poll_s", "sweep_s")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lease", type=float, default=60.0, help="Seconds.")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pr-recovery-"))
    with (
        Ledger(folder / "ledger.jsonl") as ledger,
        hook(ledger) as told,
        staged("postgres", folder, told, workers=1, lease_s=arguments.lease, **_AS_USUAL) as scene,
    ):
        faults: dict[str, Callable[[Scene], None]] = {
            "worker_killed": _worker,
            "valkey_restarted": _valkey,
            "postgres_restarted": _postgres,
            "relay_killed": _relay,
        }
        figures = {name: _measured(scene, fault, arguments.rounds) for name, fault in faults.items()}
        figures["worker_killed"]["held_seconds"] = _spread([_held(scene) for _ in range(2)])
    record("recovery", {"lease_s": arguments.lease, **figures})


def _worker(scene: Scene) -> None:
    (victim,) = (each for each in scene.stage.processes("worker") if each.name.startswith("text"))
    victim.kill()


def _valkey(scene: Scene) -> None:
    scene.stage.valkey.kill()
    scene.stage.valkey.start()


def _postgres(scene: Scene) -> None:
    assert scene.stage.postgres is not None
    scene.stage.postgres.kill()
    scene.stage.postgres.start()


def _relay(scene: Scene) -> None:
    scene.stage.processes("relay")[0].kill()


def _measured(scene: Scene, fault: Callable[[Scene], None], rounds: int) -> dict[str, Any]:
    seconds = []
    for _ in range(rounds):
        scene.supervisor.all_ready(120)
        with _client(scene) as http:
            _succeeds(http, _accepted(http))
            began = time.perf_counter()
            fault(scene)
            _succeeds(http, _accepted(http))
            seconds.append(time.perf_counter() - began)
    return {"seconds": _spread(seconds)}


def _held(scene: Scene) -> float:
    """A job that runs when its worker is killed."""
    scene.supervisor.all_ready(120)
    with _client(scene) as http:
        job_id = _accepted(http, max_tokens=400)
        while http.get(f"/v1/jobs/{job_id}").json()["status"] != "running":
            time.sleep(0.02)
        began = time.perf_counter()
        _worker(scene)
        _succeeds(http, job_id)
        return time.perf_counter() - began


def _client(scene: Scene) -> httpx.Client:
    key = next(iter(scene.keys.values()))
    return httpx.Client(
        base_url=scene.url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
    )


def _accepted(http: httpx.Client, max_tokens: int = 4) -> str:
    until = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < until:
        try:
            answer = http.post("/v1/jobs", json=text_body(max_tokens=max_tokens))
        except httpx.TransportError:
            continue
        if answer.status_code == 202:
            return str(answer.json()["id"])
        time.sleep(0.05)
    raise RuntimeError("nothing was accepted any more")


def _succeeds(http: httpx.Client, job_id: str) -> None:
    until = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < until:
        try:
            answer = http.get(f"/v1/jobs/{job_id}")
        except httpx.TransportError:
            continue
        if answer.status_code == 200 and answer.json()["status"] == "succeeded":
            return
        time.sleep(0.02)
    raise RuntimeError(f"{job_id} did not succeed")


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 2),
        "least": round(min(seconds), 2),
        "most": round(max(seconds), 2),
    }


if __name__ == "__main__":
    main()
