"""Node and npm, for the client in TypeScript."""

import shutil

from tests.services.absent import missing


def node() -> str:
    """The program; the test is skipped at home, and fails in CI, where it or npm is not there."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        missing("Node", "install the packages nodejs and npm.")
    return str(found)
