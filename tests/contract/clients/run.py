"""``make clients``: other services' clients, as they are published, against a running stack; a script a client.

python -m tests.contract.clients.run ENVIRONMENT     a folder for a virtual environment and node_modules, made if need be
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.acceptance.stack_process import StackProcess, environment

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*_client.py"))
NODE_SCRIPTS = sorted(HERE.glob("*_client.mjs"))


def prepare(place: Path) -> Path:
    """The clients, at the versions that are named here; the environment's python."""
    python = place / "bin" / "python"
    if not python.exists():
        venv.EnvBuilder(with_pip=True).create(place)
    subprocess.run(
        [
            python,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "-r",
            HERE / "requirements.txt",
        ],
        check=True,
    )
    shutil.copy(HERE / "package.json", place / "package.json")
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=place, check=True)
    return python


def main(place: Path) -> int:
    """0 where all scripts pass."""
    python = prepare(place.absolute())
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        stack = StackProcess(
            home, environment(home, outgoing_allow="127.0.0.1", outgoing_http="true"), 1
        ).ready()
        try:
            env = {**os.environ, "PRESSROOM_URL": stack.address, "PRESSROOM_API_KEY": stack.key}
            for script in SCRIPTS:
                failed += _run([str(python), str(script)], script, env)
            for script in NODE_SCRIPTS:
                # A module finds packages beside itself alone.
                copied = shutil.copy(script, place / script.name)
                failed += _run(["node", str(copied)], script, env)
        finally:
            stack.stop()
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


def _run(command: list[str], script: Path, env: dict[str, str]) -> list[str]:
    done = subprocess.run(command, env=env, check=False)
    return [script.name] if done.returncode else []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
