"""Versions of a model under load: taken in, tried on a share of the jobs, promoted, pushed out for lack of room; real engines."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.press import Press, press
from tests.acceptance.processes import Process, until

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]

ZOO = Path(__file__).parents[2] / "model_zoo" / "vae-fashion"
MODEL, OTHER = "vae-fashion", "vae-other"
SHIPPED = str(json.loads((ZOO / "manifest.json").read_text())["version"])
JOBS = 200
# A front sees what was decided two seconds later at most.
_SEEN_S = 2.5


def _made(folder: Path, name: str, version: str) -> tuple[Path, int]:
    """The shipped model under another name or version, as `pressroom export` would leave it; and its size."""
    shutil.copytree(ZOO, folder)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    manifest |= {"name": name, "version": version, "sha256": digest}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder, sum(file["bytes"] for file in manifest["files"])


def _cli(models_dir: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRESSROOM_MODELS_DIR": str(models_dir), "PRESSROOM_HOME": str(home)}
    command = [sys.executable, "-m", "pressroom.cli.main", "models", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _posted(whole: Press, count: int, *, every_other: int = 0) -> list[str]:
    """Versions that so many jobs were given; each ``every_other`` job is for the other model, and not told."""
    versions = []
    for number in range(count):
        model = OTHER if every_other and number % every_other == 0 else MODEL
        answer = whole.post({"model": model, "params": {"seed": number, "n": 2}})
        assert answer.status_code == 202, answer.text
        if model == MODEL:
            versions.append(answer.json()["model"]["version"])
    return versions


def test_versions_come_and_go_under_load_and_no_job_fails(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    models, home = tmp_path / "models", tmp_path / "operator"
    newer, size = _made(tmp_path / "newer", MODEL, "9.0.0")
    _made(models / OTHER, OTHER, "1.0.0")
    # Two of three have room.
    options = {
        "engine": "real",
        "models_dir": str(models),
        "models_bytes": int(2.5 * size),
        "image_gather_ms": 1,
    }
    with press(sqlite_url, redis_url, tmp_path, **options) as whole:
        worker = whole.processes.worker(pool="image")
        whole.processes.relay()
        whole.front()
        taken = _cli(models, home, "import", str(newer))
        assert taken.returncode == 0, taken.stderr
        assert _cli(models, home, "canary", MODEL, "9.0.0", "--share", "0.3").returncode == 0
        time.sleep(_SEEN_S)

        tried = _posted(whole, JOBS // 2)
        assert _cli(models, home, "promote", MODEL).returncode == 0
        time.sleep(_SEEN_S)
        promoted = _posted(whole, JOBS // 2, every_other=5)
        assert _cli(models, home, "rollback", MODEL).returncode == 0

        share = tried.count("9.0.0") / len(tried)
        assert share == pytest.approx(0.3, abs=0.05)
        assert set(tried) == {"9.0.0", SHIPPED}
        assert set(promoted) == {"9.0.0"}
        over = "SELECT count(*) FROM job WHERE finished_at IS NOT NULL"
        until(lambda: whole.rows(over) == JOBS, "all have ended", 60)
        assert whole.rows("SELECT count(*) FROM job WHERE state = 'succeeded'") == JOBS
        assert whole.rows("SELECT count(*) FROM job WHERE attempt > 1") == 0
        kept = _told(worker, "model_opened") + _told(worker, "model_closed")
        assert max(line["bytes"] for line in kept) <= 2.5 * size
        assert _told(worker, "model_closed"), "the third pushed one out"
        assert {line["version"] for line in _told(worker, "model_opened")} == {"1.0.0", SHIPPED, "9.0.0"}
        time.sleep(_SEEN_S)
        assert _posted(whole, 3) == [SHIPPED] * 3


def test_what_is_not_whole_is_not_taken_in(tmp_path: Path) -> None:
    folder, _ = _made(tmp_path / "cut", MODEL, "9.0.0")
    graph = folder / "decoder.onnx"
    graph.write_bytes(graph.read_bytes()[:-1])

    refused = _cli(tmp_path / "models", tmp_path, "import", str(folder))

    assert refused.returncode == 1
    assert "decoder.onnx" in refused.stderr
    assert not list((tmp_path / "models").glob("*"))


def test_verify_tells_what_is_whole_and_what_is_not(tmp_path: Path) -> None:
    models = tmp_path / "models"
    folder, _ = _made(models / f"{MODEL}@9.0.0", MODEL, "9.0.0")
    whole = _cli(models, tmp_path, "verify", f"{MODEL}@9.0.0")
    assert whole.returncode == 0, whole.stderr
    assert "golden outputs" in whole.stdout
    (folder / "encoder.onnx").write_bytes(b"")
    broken = _cli(models, tmp_path, "verify", f"{MODEL}@9.0.0")
    assert broken.returncode == 1
    assert "encoder.onnx" in broken.stderr


def _told(worker: Process, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in worker.log if line.startswith("{")]
    return [line for line in lines if line.get("event") == event]
