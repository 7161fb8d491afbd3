"""Makes .venv and installs a hashed lock and this checkout into it: ``setup.py stack|dev|train``.

Runs on the bare Python that scripts/python.sh has found, so it knows the standard library alone. A
stamp keyed by the content of the lock and of pyproject.toml lets the second run pass in no time.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"stack": "requirements/stack.txt", "dev": "requirements/dev.txt"}
# torch is large and comes in many builds: it stays outside the hashed lock.
TRAIN = ["torch==2.13.0", "onnxscript>=0.5", "matplotlib>=3.11", "tensorboardX>=2.6.5"]
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]


def main(what: str) -> int:
    """Bring the environment to ``what``; 0 when it is there."""
    try:
        if not _works():
            print("Making .venv", flush=True)
            venv.EnvBuilder(with_pip=True, clear=VENV.exists(), symlinks=True).create(VENV)
        stamp = _Stamp()
        lock = "stack" if what == "stack" else "dev"
        if not stamp.has(lock, _digest(LOCKS[lock])):
            print(f"Installing {LOCKS[lock]} (the first time takes a few minutes)", flush=True)
            _install("--require-hashes", "-r", LOCKS[lock])
            # The dev lock holds everything that the stack's holds, at the same versions.
            for held in ("stack", "dev") if lock == "dev" else ("stack",):
                stamp.add(held, _digest(LOCKS[held]))
        # With its place: the environment of a checkout that was moved still points to the old one.
        checkout = f"{_digest('pyproject.toml')} {_kernels()} {ROOT}"
        if not stamp.has("checkout", checkout):
            _install("--quiet", "--no-deps", "--no-build-isolation", "-e", ".")
            stamp.add("checkout", checkout)
        if what == "train" and not stamp.has("train", " ".join(TRAIN)):
            print(f"Installing {' and '.join(TRAIN)} (large)", flush=True)
            _install(*TRAIN)
            stamp.add("train", " ".join(TRAIN))
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip() if error.stderr else ""
        print(f"Set-up stopped: {' '.join(map(str, error.cmd))} failed. {said}", file=sys.stderr)
        return 1
    return 0


class _Stamp:
    """What has been installed, as a JSON file inside the environment."""

    def __init__(self) -> None:
        self._path = VENV / "pressroom-setup.json"
        try:
            self._held: dict[str, str] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            self._held = {}

    def has(self, name: str, digest: str) -> bool:
        return self._held.get(name) == digest

    def add(self, name: str, digest: str) -> None:
        self._held[name] = digest
        self._path.write_text(json.dumps(self._held, indent=1))


def _digest(path: str) -> str:
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


def _kernels() -> str:
    """Changes with the engines' kernels, and when a compiler comes or goes."""
    sources = sorted((ROOT / "workers/pressroom/engines/kernels").glob("*.[ch]"))
    digests = [_digest(str(path)) for path in (ROOT / "scripts/build_kernels.py", *sources)]
    compiler = shutil.which(os.environ.get("CC", "cc"))
    return hashlib.sha256(f"{digests} {compiler}".encode()).hexdigest()


def _works() -> bool:
    if not PYTHON.exists():
        return False
    wanted = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    return subprocess.run([PYTHON, "-c", wanted], capture_output=True, check=False).returncode == 0


def _pip(*arguments: str) -> None:
    subprocess.run([*PIP, *arguments], cwd=ROOT, check=True)


def _install(*arguments: str) -> None:
    # Python compiles what it imports, which is a part of what lies there.
    _pip("install", "--no-compile", *arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
