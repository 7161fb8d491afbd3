"""The base install runs the client and the command line: nothing of the servers is loaded."""

import subprocess
import sys

CODE = """
import sys
import pressroom.cli.main
from click.testing import CliRunner
assert CliRunner().invoke(pressroom.cli.main.app, ["--help"]).exit_code == 0
servers = {"alembic", "celery", "flask", "onnx", "onnxruntime", "pydantic_settings", "redis", "sqlalchemy", "structlog"}
print(sorted(servers & set(sys.modules)))
"""


def test_help_loads_nothing_of_the_servers() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
