"""A benchmark's last line is JSON, names what it depends on, and is written down as well."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[3] / "benchmarks" / "record.py"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_record", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    monkeypatch.setattr(loaded, "RESULTS", tmp_path / "results")
    return loaded


def test_what_is_printed_last_is_what_is_kept(module: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    module.record("sums", {"rate": 12.5})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert (module.RESULTS / "sums.json").read_text(encoding="utf-8") == printed
    told = json.loads(printed)
    assert told["benchmark"] == "sums"
    assert told["figures"] == {"rate": 12.5}
    assert told["cores"] >= 1
    assert told["machine"]
    assert told["date"].endswith("+00:00")
    assert {"python", "pressroom"} <= set(told["versions"])


def test_the_newest_run_replaces_the_one_before(module: ModuleType) -> None:
    module.record("sums", {"rate": 1})
    module.record("sums", {"rate": 2})
    kept = json.loads((module.RESULTS / "sums.json").read_text(encoding="utf-8"))
    assert kept["figures"] == {"rate": 2}
