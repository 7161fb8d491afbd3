"""Long tests first: those that come last would leave all processes but one with nothing to do."""

import pytest

_LONG = ("tests/unit/training/test_recipes_learn.py", "tests/chaos/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The others stay in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
