"""A headless Chromium of the system; tests that need it skip without one."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.services.absent import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Path of the program: CHROMIUM, or the first of the usual names."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """The browser, started once."""
    # Loaded here: only these tests need it.
    from playwright.sync_api import sync_playwright

    program = find_chromium()
    if program is None:
        missing("Chromium", "install the package chromium, or name the program in CHROMIUM.")
    with sync_playwright() as playwright:
        # Its sandbox needs what root and most containers do not have.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> Iterator["Page"]:
    """A page in a context of its own; an error in the page's scripts fails the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 850}, locale="en-GB")
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    context.close()
    assert errors == []
