"""The failure matrix and the watermarks of docs/operations.md name tests that are there."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def _matrix() -> list[tuple[str, str]]:
    page = (_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = []
    for title in ("## When something fails", "## Watermarks"):
        section = page.partition(title)[2].partition("\n## ")[0]
        rows += [line for line in section.splitlines() if line.startswith("| ")][2:]
    named = [_NAMED.search(row) for row in rows]
    assert all(named), "each row names its test"
    return [(found[1], found[2]) for found in named if found]


@pytest.mark.parametrize(("file", "test"), _matrix())
def test_each_row_has_its_test(file: str, test: str) -> None:
    found = [
        path for path in (_ROOT / "tests").rglob(file) if f"def {test}(" in path.read_text(encoding="utf-8")
    ]
    assert found, f"{file} has no {test}"
