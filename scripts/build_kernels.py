"""Compiles the engines' kernels while the package is built: ``pip install`` of a checkout does it too.

    python scripts/build_kernels.py     by itself; says what it did

A C compiler (``CC``, else ``cc``) is all that it needs. Without one the package is built all the same, and the
engines use ONNX Runtime's own operators.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by itself
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("workers/pressroom/engines/kernels")
INSTALLED = Path("pressroom/engines/kernels")
FILE = f"kernels-{sysconfig.get_platform()}.so"

_FLAGS = ["-std=gnu11", "-O2", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"]
# Where a loop of a length that is known only at run time is unrolled, gcc sees elements that are never reached.
_FLAGS += ["-Wno-psabi", "-Wno-maybe-uninitialized"]
# Kernels are compiled for each level of processor; which of them are used shows where they run.
_KERNELS = ("attention", "drawing", "product", "quantise")
_OPERATORS = (
    "attention_operator",
    "attention_work",
    "crew",
    "drawing_work",
    "layers_operator",
    "levels",
    "operators",
    "product_operator",
    "product_work",
)
_V4 = ["-march=x86-64-v4", "-mprefer-vector-width=512"]
LEVELS: dict[str, dict[str, list[str]]] = {
    "x86_64": {"v3": ["-march=x86-64-v3"], "v4": _V4, "vnni": [*_V4, "-mavx512vnni"]},
    "aarch64": {"neon": []},
    "arm64": {"neon": []},
}
# A level that has only some kernels of its own takes the others from the one before.
_ONLY = {"vnni": ("product",)}


class Hook(BuildHookInterface[Any] if TYPE_CHECKING else BuildHookInterface):  # type: ignore[misc]
    """What hatchling calls before it packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the library to what is packed, and make the wheel one of this platform."""
        built = build()
        if built is None:
            return
        build_data["artifacts"].append(str(FOLDER / FILE))
        if version != "editable":
            build_data["force_include"][str(built)] = str(INSTALLED / FILE)
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def build(target: Path = ROOT / FOLDER / FILE) -> Path | None:
    """Compile, for all levels of this processor's kind; the library, or None with a sentence on stderr why there is none.

    A library that lies there is replaced at once: others may be using it. One that was made of the very same sources in
    the very same way is left as it is, since compiling takes a minute of processor time.
    """
    levels = LEVELS.get(platform.machine())
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if levels is None or compiler is None:
        what = (
            f"the processor {platform.machine()}"
            if levels is None
            else "this machine has no C compiler and it"
        )
        _nothing(target, f"{what} goes on with ONNX Runtime's")
        return None
    mark = _mark(compiler, levels)
    if target.is_file() and mark.encode() in target.read_bytes():
        return target
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            _compile(compiler, levels, mark, Path(scratch))
            os.replace(f"{scratch}/{FILE}", target)
    except subprocess.CalledProcessError as error:  # a compiler that is too old for a level, for example
        _nothing(target, str(error))
        return None
    return target


def _nothing(target: Path, why: str) -> None:
    print(f"No kernels of our own: {why}.", file=sys.stderr)
    target.unlink(missing_ok=True)


def _mark(compiler: str, levels: dict[str, list[str]]) -> str:
    """What the library is made of, which it carries: sources, this script, and the compiler."""
    made_of = hashlib.sha256(f"{levels}".encode())
    made_of.update(subprocess.run([compiler, "--version"], capture_output=True, check=False).stdout)
    for path in (Path(__file__), *sorted((ROOT / FOLDER).glob("*.[ch]"))):
        made_of.update(path.read_bytes())
    return f"pressroom-kernels-{made_of.hexdigest()}"


def _compile(compiler: str, levels: dict[str, list[str]], mark: str, scratch: Path) -> None:
    commands = {
        f"{scratch}/{name}-{level}.o": [*_FLAGS, *flags, f"-DLEVEL={level}", "-c", f"{name}.c"]
        for name in _KERNELS
        for level, flags in levels.items()
        if name in _ONLY.get(level, _KERNELS)
    }
    marked = f'-DMADE_OF="{mark}"'
    commands |= {f"{scratch}/{name}.o": [*_FLAGS, marked, "-c", f"{name}.c"] for name in _OPERATORS}
    with ThreadPoolExecutor() as beside:  # each takes seconds
        list(beside.map(lambda each: _run(compiler, *each[1], "-o", each[0]), commands.items()))
    _run(compiler, "-shared", "-s", *commands, "-o", f"{scratch}/{FILE}")


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT / FOLDER, check=True)


if __name__ == "__main__":
    print(build() or "nothing was built")
