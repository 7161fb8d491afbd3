"""A skip that is not on the list fails in CI, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPING = {
    "marked": "import pytest\n@pytest.mark.skip(reason='no moon')\ndef test_a(): pass\n",
    "called": "import pytest\ndef test_a(): pytest.skip('no moon')\n",
    "fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no moon')\ndef test_a(f): pass\n",
    "module": "import pytest\npytest.importorskip('no_moon')\ndef test_a(): pass\n",
}


def _run(folder: Path, ci: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "tests.plugins.skips",
            "--rootdir",
            str(folder),
            str(folder),
        ],
        cwd=ROOT,
        # Plugins that nobody here asks for take most of the time.
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", sorted(SKIPPING))
def test_a_skip_fails_in_ci_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPING[kind])
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert _run(tmp_path, "").returncode in (0, 5)
    said = _run(tmp_path, "true")
    assert said.returncode in (1, 2)
    assert "no_moon" in said.stdout or "no moon" in said.stdout
    assert "allowed_skips.txt" in said.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import pytest\n@pytest.mark.xfail\ndef test_a(): assert 0\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert _run(tmp_path, "true").returncode == 0
