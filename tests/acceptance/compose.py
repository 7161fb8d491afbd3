"""Reads docker-compose.yml as compose does (variables, anchors) and translates a service for this machine."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


def load(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in. Raises KeyError for a required one that is missing."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(lambda found: _value(found, variables), value)
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        return [fill(item) for item in value] if isinstance(value, list) else value

    document: dict[str, Any] = fill(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    return document


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, rest = found.groups()
    if variables.get(name):
        return variables[name]
    if kind == ":-":
        return str(rest)
    raise KeyError(f"{name}: {rest}")


class Native:
    """Runs services here: what names the containers' network and folders is replaced, nothing else.

    ``replaced`` maps texts of the file (an address, a folder, a port) to those of this machine."""

    def __init__(self, services: Mapping[str, Any], folder: Path, replaced: Mapping[str, str]) -> None:
        self._services = services
        self._folder = folder
        self._replaced = dict(replaced)

    def environment(self, name: str, **extra: str) -> dict[str, str]:
        """The service's own environment and PATH, and no more of the outer one."""
        given = self._services[name].get("environment", {})
        own = {key: self._here(str(value)) for key, value in given.items()}
        home = {"HOME": str(self._folder), "PRESSROOM_HOME": str(self._folder / "var")}
        return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **home, **own, **extra}

    def command(self, name: str) -> list[str]:
        return [self._here(word) for word in self._services[name]["command"]]

    def start(self, name: str, **extra: str) -> "Service":
        """Start the service's command; its log is in the folder."""
        return Service(name, self.command(name), self.environment(name, **extra), self._folder)

    def once(self, name: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a one-shot service to its end."""
        return self.run(self.command(name), self.environment(name, **extra))

    def run(self, command: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=dict(env), cwd=self._folder, capture_output=True, text=True, check=False
        )

    def healthy(self, name: str) -> bool:
        """Run the service's health check once. Its program has to be on this machine."""
        kind, *words = self._services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.run([self._here(word) for word in words], self.environment(name)).returncode == 0

    def can_check(self, name: str) -> bool:
        """Whether the program of its health check is here."""
        return shutil.which(self._services[name]["healthcheck"]["test"][1]) is not None

    def _here(self, text: str) -> str:
        # In one pass, so that nothing is replaced in what has just been put there.
        if not self._replaced:
            return text
        return re.sub("|".join(map(re.escape, self._replaced)), lambda found: self._replaced[found[0]], text)


class Service:
    """A started service."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=dict(env), cwd=folder, stdout=log, stderr=log, start_new_session=True
            )

    def shown(self) -> str:
        return f"--- {self.name}: {shlex.join(map(str, self.process.args))}\n{self._log.read_text()[-3000:]}"  # type: ignore[arg-type]
