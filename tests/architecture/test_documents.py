"""Documents that are made from the code, or speak of it, are in step with it."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from pressroom import settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_page_is_the_settings_table() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert settings.table() in page, "run: make settings-page"


def test_the_metrics_page_is_made_from_the_metrics() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "metrics_page.py"))["page"]()
    assert (ROOT / "docs" / "metrics.md").read_text() == made, "run: make metrics-page"


def _check(*files: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/readme_commands.py", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_of_the_readmes_exist() -> None:
    said = _check()
    assert said.stderr == ""
    assert said.returncode == 0


@pytest.mark.parametrize(
    "line",
    [
        "make dmo",
        "make demo tset",
        "pressroom sing",
        "pressroom text --strem",
        "pressroom admin keys destroy",
        "X=1 pressroom models pul",
        "python -m pressroom.nowhere",
    ],
)
def test_a_command_that_does_not_exist_is_found(tmp_path: Path, line: str) -> None:
    for n, text in enumerate((f"```sh\n{line}   # a remark\n```\n", f"Run `{line}` now.\n")):
        page = tmp_path / f"{n}.md"
        page.write_text(text)
        said = _check(str(page))
        assert said.returncode == 1, text
        assert line.removeprefix("X=1 ") in said.stderr


def test_code_that_is_not_ours_is_passed_over(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nmake demo  # all\ncurl -s x \\\n  -d '{\"a\": 1}'\n```\n`let's` and pressroom sing\n"
    )
    assert _check(str(page)).returncode == 0


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    # `make test` hands its flags down, and an inner make then tells the folders that it enters.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    said = subprocess.run(
        ["make", "help"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    ).stdout
    listed = {line.split()[1]: line.split(maxsplit=2)[2] for line in said.splitlines()}
    assert sorted(listed) == sorted(phony)
    assert all(listed.values())
