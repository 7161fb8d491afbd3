"""What a process does not load: an engine's libraries in a front, a web framework in a worker."""

import subprocess
import sys

import pytest

NO_ENGINES = ("onnxruntime", "torch", "tokenizers", "pressroom.engines")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("pressroom.front.app", NO_ENGINES),
        ("pressroom.front.server", NO_ENGINES),
        ("pressroom.relay.process", (*NO_ENGINES, "flask")),
        ("pressroom.admin.commands", (*NO_ENGINES, "flask")),
        ("pressroom.stack.up", (*NO_ENGINES, "flask")),
        ("pressroom.cli.main", (*NO_ENGINES, "flask", "sqlalchemy", "redis", "celery", "numpy")),
        ("pressroom.client", (*NO_ENGINES, "flask", "sqlalchemy", "redis", "celery", "numpy")),
        ("pressroom.worker.process", ("flask", "torch")),
        ("pressroom.engines.text.engine", ("flask", "torch", "sqlalchemy", "celery")),
    ],
)
def test_a_room_does_not_load(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {absent!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
