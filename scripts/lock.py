"""Writes the hashed locks from pyproject.toml with uv, or checks that they are in step: ``lock.py [--check]``.

The check needs no network: each lock opens with a digest of the dependencies it was made from.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_VENV = ROOT / ".cache" / "uv-venv"
UV_VERSION = "uv==0.13.9"
MARK = "# Made by `make lock` from pyproject.toml, dependencies sha256:"
# Each lock with its extras. All follow dev.txt's versions, so that one environment can hold several.
LOCKS = {
    "dev": ("dev", "peers", "build"),
    "stack": ("stack", "build"),
    "front": ("front", "s3", "build"),
    "relay": ("server", "s3", "build"),
    "worker-cpu": ("worker-cpu", "s3", "build"),
    "worker-gpu": ("worker-gpu", "s3", "build"),
}
# onnxruntime and onnxruntime-gpu are one module: dev.txt has no say over the second's lock.
APART = ("dev", "worker-gpu")


def main(arguments: list[str]) -> int:
    """0 when the locks are written or in step."""
    return _check() if "--check" in arguments else _write(upgrade="--upgrade" in arguments)


def _digest() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [project["dependencies"], project["optional-dependencies"], project["requires-python"]]
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def _check() -> int:
    digest = _digest()
    late = [
        name
        for name in LOCKS
        if not (path := _path(name)).exists() or f"{MARK}{digest}" not in path.read_text().splitlines()[0]
    ]
    for name in late:
        print(f"requirements/{name}.txt is not in step with pyproject.toml: run make lock", file=sys.stderr)
    return 1 if late else 0


def _write(*, upgrade: bool) -> int:
    uv = UV_VENV / "bin" / "uv"
    if not uv.exists():
        subprocess.run([sys.executable, "-m", "venv", str(UV_VENV)], check=True)
        pip = [str(UV_VENV / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", UV_VERSION], check=True)
    for name, extras in LOCKS.items():
        path = _path(name)
        command = [str(uv), "pip", "compile", "--quiet", "pyproject.toml", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
        command += [f"--extra={extra}" for extra in extras]
        command += [] if name in APART else ["-c", "requirements/dev.txt"]
        command += ["--upgrade"] if upgrade and name in APART else []
        command += ["-o", str(path.relative_to(ROOT))]
        subprocess.run(command, cwd=ROOT, check=True)
        path.write_text(f"{MARK}{_digest()}\n{path.read_text()}")
        print(f"requirements/{name}.txt")
    return 0


def _path(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
