"""In CI (``CI=true``) a skip is a failure, unless tests/allowed_skips.txt names its test.

At home a missing service skips with its reason; in CI that would hide a test that never runs. Each line
of the list is the beginning of a node id, with a reason behind ``#``.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

ALLOWED = Path(__file__).parent.parent / "allowed_skips.txt"


def allowed() -> tuple[str, ...]:
    """The beginnings of the node ids that may skip in CI."""
    lines = (line.partition("#")[0].strip() for line in ALLOWED.read_text().splitlines())
    return tuple(line for line in lines if line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip that is not on the list into a failure that shows the skip's reason."""
    report = yield
    expected = hasattr(report, "wasxfail")
    if report.skipped and not expected and _in_ci() and not item.nodeid.startswith(allowed()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason}\nIn CI every skip must be listed in tests/allowed_skips.txt."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips as a whole while it is collected."""
    report = yield
    if report.skipped and _in_ci() and not collector.nodeid.startswith(allowed()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason}\nIn CI every skip must be listed in tests/allowed_skips.txt."
    return report


def _in_ci() -> bool:
    return os.environ.get("CI") == "true"
