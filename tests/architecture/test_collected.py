"""Processes that share the tests collect the same ones (xdist itself refuses if not): no name hangs on the hour."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKED = "import gzip, pytest\n@pytest.mark.parametrize('packed', [gzip.compress(b'a'), gzip.compress(b'b')])\ndef test_a(packed): pass\n"


def test_bytes_give_a_test_no_name(tmp_path: Path) -> None:
    (tmp_path / "test_packed.py").write_text(PACKED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "tests.plugins.names", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert names == ["test_a[packed0]", "test_a[packed1]"]
